#[cfg(test)]
mod tests {
    use lockgate_sdk::testing::call;
    use lockgate_sdk::{Answer, Sample, Series};

    use super::*;

    const CONFIG: &str = r#"{"query": "error_ratio", "above": 0.01}"#;

    fn condition(values: &[f64]) -> Condition {
        let samples = values.iter().map(|value| Sample { at: 0, value: *value }).collect();
        let series = Series { name: "error_ratio".to_owned(), labels: vec![], samples };
        let answers = vec![Answer { id: "now".to_owned(), outcome: Ok(vec![series]) }];
        call::evaluate::<TooHigh>(CONFIG, AlertInput { state: None, now: 0, answers }).unwrap().condition
    }

    #[test]
    fn the_newest_sample_decides() {
        assert_eq!(condition(&[0.5, 0.01]), Condition::Ok);
        assert_eq!(condition(&[0.01, 0.5]), Condition::Firing);
        assert_eq!(condition(&[]), Condition::Inconclusive);
    }

    #[test]
    fn it_asks_what_it_was_told_to_ask() {
        assert_eq!(call::queries::<TooHigh>(CONFIG).unwrap()[0].expression, "error_ratio");
    }
}

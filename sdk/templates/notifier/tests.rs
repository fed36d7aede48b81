#[cfg(test)]
mod tests {
    use lockgate_sdk::Severity;
    use lockgate_sdk::testing::{Host, call};

    use super::*;

    #[test]
    fn the_title_is_logged_with_its_prefix() {
        let host = Host::new().unwrap();
        let notice = Notice {
            id: "1".to_owned(),
            topic: "run".to_owned(),
            title: "red".to_owned(),
            body: String::new(),
            severity: Severity::High,
            at: 0,
            url: None,
            details: lockgate_sdk::serde_json::Value::Null,
        };
        call::deliver::<ToTheLog>(r#"{"prefix": "ci: "}"#, notice).unwrap();
        assert_eq!(host.lines()[0].message, "ci: red");
    }
}

#[cfg(test)]
mod tests {
    use lockgate_sdk::Health;
    use lockgate_sdk::testing::call;

    use super::*;

    fn next(state: Option<&str>, weight: u32, ready: u32) -> Action {
        let candidate = "two".to_owned();
        let rollout = Rollout {
            state: state.map(str::to_owned),
            shares: vec![Share { revision: candidate.clone(), weight }],
            health: vec![Health { revision: candidate.clone(), ready, wanted: 2, message: None }],
            candidate,
            ..Rollout::default()
        };
        call::next::<AllAtOnce>(r#"{"bake": "10m"}"#, rollout).unwrap().action
    }

    #[test]
    fn it_shifts_bakes_and_then_decides() {
        assert!(matches!(next(None, 0, 0), Action::Shift(_)));
        assert_eq!(next(None, 10_000, 2), Action::Wait(Duration::from_mins(10)));
        assert_eq!(next(Some("true"), 10_000, 2), Action::Promote);
        assert!(matches!(next(Some("true"), 10_000, 1), Action::Rollback(_)));
    }
}

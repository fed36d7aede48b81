#[cfg(test)]
mod tests {
    use lockgate_sdk::testing::{Host, call, exited};

    use super::*;

    #[test]
    fn each_share_is_one_command() {
        let host = Host::new().unwrap();
        host.on_exec(|_| Ok(exited(0, "")));
        let share = |revision: &str, weight| Share { revision: revision.to_owned(), weight };
        call::route::<Platform>("{}", vec![share("one", 9_500), share("two", 500)]).unwrap();
        assert_eq!(host.commands()[1].argv, ["platformctl", "weigh", "two", "500"]);
    }

    #[test]
    fn a_platform_that_fails_may_be_asked_again() {
        let host = Host::new().unwrap();
        host.on_exec(|_| Ok(exited(1, "")));
        assert!(call::observe::<Platform>("{}").unwrap_err().retryable);
    }
}

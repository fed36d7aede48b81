#[cfg(test)]
mod tests {
    use lockgate_sdk::testing::{Host, call, exited};

    use super::*;

    #[test]
    fn a_red_make_is_a_result() {
        let host = Host::new().unwrap();
        host.on_exec(|_| Ok(exited(2, "")));
        let product = call::run::<Make>(r#"{"target": "all"}"#, BuildRequest::default()).unwrap();
        assert_eq!(product.conclusion, Ruling::Fail);
        assert_eq!(host.commands()[0].argv, ["make", "all"]);
    }

    #[test]
    fn without_the_grant_it_cannot_work() {
        let _host = Host::new().unwrap();
        let failure = call::run::<Make>(r#"{"target": "all"}"#, BuildRequest::default()).unwrap_err();
        assert!(failure.help.is_some(), "{failure:?}");
    }
}

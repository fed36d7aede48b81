#[cfg(test)]
mod tests {
    use lockgate_sdk::testing::{Host, call};

    use super::*;

    #[test]
    fn the_limit_itself_is_not_too_large() {
        let host = Host::new().unwrap();
        host.write("small", "12345678").unwrap();
        host.write("large", "123456789").unwrap();
        let request = ScanRequest { files: vec!["small".to_owned(), "large".to_owned()] };
        let report = call::scan::<Large>(r#"{"above-bytes": 8}"#, request).unwrap();
        let messages: Vec<_> = report.findings.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(messages, ["large has 9 bytes"]);
    }

    #[test]
    fn a_file_that_is_gone_is_a_failure() {
        let _host = Host::new().unwrap();
        let request = ScanRequest { files: vec!["gone".to_owned()] };
        assert!(call::scan::<Large>(r#"{"above-bytes": 8}"#, request).is_err());
    }
}

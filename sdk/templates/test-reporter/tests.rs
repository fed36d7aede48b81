#[cfg(test)]
mod tests {
    use lockgate_sdk::testing::call;

    use super::*;

    fn report(text: &[u8]) -> Result<TestReport, Failure> {
        call::report::<Lines>("{}", ReportFile { path: "tests.txt".to_owned(), content: text.to_vec() })
    }

    #[test]
    fn each_line_is_a_test() {
        let report = report(b"adds ok\ndivides by zero failed\n").unwrap();
        assert_eq!(report.cases[1].name, "divides by zero");
        assert_eq!((report.count(TestStatus::Passed), report.count(TestStatus::Failed)), (1, 1));
    }

    #[test]
    fn bytes_that_are_no_text_are_no_report() {
        assert!(report(b"\xff ok\n").is_err());
    }
}

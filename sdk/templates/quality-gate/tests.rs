#[cfg(test)]
mod tests {
    use lockgate_sdk::testing::call;
    use lockgate_sdk::{Evidence, Finding, ScanReport, Severity};

    use super::*;

    fn ruling(findings: usize) -> Ruling {
        let finding = Finding::new("rule", Severity::High, "it is wrong");
        let report = ScanReport { findings: vec![finding; findings], ..ScanReport::default() };
        let evidence = vec![Evidence::new("build", "scan", EvidenceBody::Scan(report))];
        let request = GateRequest { evidence, ..GateRequest::default() };
        call::judge::<Few>(r#"{"findings": 1}"#, request).unwrap().ruling
    }

    #[test]
    fn the_limit_itself_is_still_good() {
        assert_eq!((ruling(1), ruling(2)), (Ruling::Pass, Ruling::Fail));
    }

    #[test]
    fn without_evidence_nothing_passes() {
        let verdict = call::judge::<Few>(r#"{"findings": 1}"#, GateRequest::default()).unwrap();
        assert_eq!(verdict.ruling, Ruling::Inconclusive);
    }
}

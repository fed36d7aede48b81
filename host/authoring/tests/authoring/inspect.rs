//! What is told of a component from its bytes alone.

use lockgate_authoring::ABOUT_SECTION;
use lockgate_authoring::inspect::{self, InspectError, Origin};
use lockgate_model::call::Kind;
use serde_json::json;

use crate::support::{GATE, component, with_section};
use crate::world::{World, descriptor};

fn about(asks: &serde_json::Value) -> Vec<u8> {
    let descriptor = json!({
        "name": "few", "version": "0.1.0", "summary": "Lets few\u{1b}[2J through.",
        "config-schema": {"type": "object", "properties": {"findings": {}}}, "asks": asks, "effect": "pure"
    });
    serde_json::to_vec(&descriptor).unwrap()
}

fn check_error(bytes: &[u8], expected: fn(&InspectError) -> bool) {
    let error = inspect::inspect(bytes, None).unwrap_err();
    assert!(expected(&error), "{error:?}");
}

#[test]
fn kind_imports_and_metadata_need_no_run() {
    let bytes = component(&["lockgate:plugin/log@0.1.0", "wasi:cli/stdout@0.2.6"], &GATE);
    let bytes = with_section(bytes, "version", b"1.2.3");
    let report = inspect::inspect(&bytes, None).unwrap();
    assert_eq!((report.kind, report.contract.as_str()), (Kind::QualityGate, "0.1.0"));
    assert_eq!(report.imports.lockgate, ["lockgate:plugin/log@0.1.0"]);
    assert_eq!(report.imports.wasi, ["wasi:cli/stdout@0.2.6"]);
    assert_eq!((report.metadata.version.as_deref(), report.about.as_ref()), (Some("1.2.3"), None));
    let text = report.to_string();
    for line in ["kind      quality-gate", "imports   lockgate: log", "          wasi: cli/stdout", "version   1.2.3"] {
        assert!(text.lines().any(|found| found == line), "`{line}` in\n{text}");
    }
    assert!(text.contains("not known"), "{text}");
}

#[test]
fn what_is_embedded_is_told_with_where_it_comes_from() {
    let ask = json!([{"kind": "http", "pattern": "*", "reason": "because", "optional": true}]);
    let bytes = with_section(component(&[], &GATE), ABOUT_SECTION, &about(&ask));
    let report = inspect::inspect(&bytes, None).unwrap();
    assert_eq!(report.about.as_ref().unwrap().origin, Origin::Embedded);
    let text = report.to_string();
    assert!(text.contains("asks      http: * (optional): because"), "{text}");
    assert!(text.contains("1 key of configuration") && text.contains("was not run"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_section_that_is_no_descriptor_is_an_error() {
    let gate = || component(&[], &GATE);
    let is_section = |error: &InspectError| matches!(error, InspectError::Section(_));
    check_error(&with_section(gate(), ABOUT_SECTION, b"{"), is_section);
    check_error(&with_section(gate(), ABOUT_SECTION, b"{}"), is_section);
    check_error(&with_section(gate(), ABOUT_SECTION, &vec![b' '; 5 << 20]), is_section);
    let twice =
        with_section(with_section(gate(), ABOUT_SECTION, &about(&json!([]))), ABOUT_SECTION, &about(&json!([])));
    check_error(&twice, is_section);
}

#[test]
fn a_section_within_a_nested_component_is_not_the_plugins() {
    let inner = with_section(component(&[], &[]), ABOUT_SECTION, &about(&json!([])));
    let mut outer = component(&[], &GATE);
    use wasm_encoder::ComponentSection as _;
    wasm_encoder::RawSection { id: wasm_encoder::ComponentSectionId::Component.into(), data: &inner }
        .append_to_component(&mut outer);
    assert_eq!(inspect::inspect(&outer, None).unwrap().about, None);
}

#[test]
fn what_a_host_would_refuse_is_refused_here() {
    check_error(b"", |error| matches!(error, InspectError::Component(_)));
    check_error(&component(&[], &[]), |error| matches!(error, InspectError::Breach(_)));
    let foreign = component(&["lockgate:plugin/exec@0.1.0"], &GATE);
    check_error(&foreign, |error| matches!(error, InspectError::Breach(_)));
    let whole = component(&["wasi:cli/stdout@0.2.6"], &GATE);
    // Between two sections a cut leaves a component, which has lost what came after.
    let cuts: Vec<_> = (0..whole.len()).map(|cut| inspect::inspect(&whole[..cut], None)).collect();
    assert!(cuts.iter().flatten().all(|report| report.kind == Kind::QualityGate), "{cuts:?}");
    assert!(cuts.iter().flatten().count() < 3 && cuts.last().is_some_and(Result::is_err), "{cuts:?}");
}

#[test]
fn a_plugin_that_is_run_confirms_or_contradicts_what_is_embedded() {
    let world = World::new(Kind::QualityGate, |_, _| panic!("it is only asked what it is"));
    let bare = component(&[], &GATE);
    let report = inspect::inspect(&bare, Some(&world.host())).unwrap();
    assert_eq!(report.about.unwrap().origin, Origin::Plugin);

    let true_words = serde_json::to_vec(&descriptor()).unwrap();
    let report =
        inspect::inspect(&with_section(bare.clone(), ABOUT_SECTION, &true_words), Some(&world.host())).unwrap();
    assert_eq!(report.about.unwrap().origin, Origin::Confirmed);

    let lie = with_section(bare, ABOUT_SECTION, &about(&json!([])));
    let error = inspect::inspect(&lie, Some(&world.host())).unwrap_err();
    assert!(error.to_string().contains("(summary, schema)"), "{error}");
}

//! SLSA provenance: which facts count, and where they stand.

use lockgate_trust::{
    Missing, PROVENANCE_PREDICATE, PROVENANCE_PREDICATE_V0_2, SigningKey, TrustPolicy, Trusted, Untrusted, attest, sign,
};
use serde_json::{Value, json};

use crate::support::{manifest, rule, verdict};

const BUILDER: &str = "https://ci.example/builder";
const SOURCE: &str = "https://git.example/team/cargo";

fn policy(key: &SigningKey) -> TrustPolicy {
    let wanted = format!(
        "provenance = {{ builder = {BUILDER:?}, source = {SOURCE:?}, build-type = \"https://ci.example/type\" }}"
    );
    rule(&format!("keys = ['''{}''']\n{wanted}", key.public().to_pem()))
}

fn check(predicate_type: &str, predicate: &Value) -> Result<Trusted, String> {
    let key = SigningKey::generate().unwrap();
    let attestation = attest(&key, &manifest(), predicate_type, predicate).unwrap();
    let bundles = [attestation, sign(&key, &manifest()).unwrap()];
    verdict(&policy(&key), &manifest(), &bundles).map_err(|error| match error {
        Untrusted::Refused(refusal) => {
            assert_eq!(refusal.missing, Missing::Provenance);
            refusal.findings[0].reason.to_string()
        }
        other @ Untrusted::Uncovered { .. } => other.to_string(),
    })
}

fn v1(builder: &str, parameters: &Value, dependencies: &[&str]) -> Value {
    let dependencies: Vec<_> = dependencies.iter().map(|uri| json!({ "uri": uri })).collect();
    json!({
        "buildDefinition": {
            "buildType": "https://ci.example/type",
            "externalParameters": parameters,
            "resolvedDependencies": dependencies,
        },
        "runDetails": { "builder": { "id": builder } },
    })
}

fn accepts(predicate: &Value) {
    let trusted = check(PROVENANCE_PREDICATE, predicate).unwrap();
    assert!(matches!(trusted, Trusted::Signed { provenance: Some(_), .. }), "{trusted:?}");
}

fn refuses(predicate: &Value, why: &str) {
    let found = check(PROVENANCE_PREDICATE, predicate).unwrap_err();
    assert!(found.contains(why), "wanted `{why}`, found `{found}`");
}

#[test]
fn a_source_stands_in_one_of_several_places() {
    for parameters in [
        json!({ "workflow": { "repository": SOURCE } }),
        json!({ "source": format!("git+{SOURCE}@refs/heads/main") }),
        json!({ "source": { "uri": SOURCE } }),
        json!({ "repository": SOURCE }),
    ] {
        accepts(&v1(BUILDER, &parameters, &[]));
    }
    accepts(&v1(BUILDER, &json!({}), &[&format!("git+{SOURCE}@refs/tags/v1")]));
    accepts(&v1("https://ci.example/builder@refs/tags/v2", &json!({ "source": SOURCE }), &[]));
}

#[test]
fn a_dependency_is_no_source() {
    refuses(
        &v1(BUILDER, &json!({ "source": "https://git.example/evil" }), &[SOURCE]),
        "its source is `https://git.example/evil`",
    );
    refuses(
        &v1(BUILDER, &json!({}), &["https://git.example/evil", SOURCE]),
        "its source is `https://git.example/evil`",
    );
}

#[test]
fn half_a_name_is_another_name() {
    for wrong in
        ["https://git.example/team/cargo-evil", "https://git.example/team", "https://git.example/team/cargo/x", ""]
    {
        refuses(&v1(BUILDER, &json!({ "source": wrong }), &[]), "its source is");
    }
    refuses(
        &v1("https://ci.example/builder2", &json!({ "source": SOURCE }), &[]),
        "its builder is `https://ci.example/builder2`",
    );
    let mut other_type = v1(BUILDER, &json!({ "source": SOURCE }), &[]);
    other_type["buildDefinition"]["buildType"] = json!("https://ci.example/type2");
    refuses(&other_type, "its build type is `https://ci.example/type2`");
    refuses(&json!({}), "its builder is ``");
}

#[test]
fn version_0_2_is_read_too() {
    let predicate = |source: &str| {
        json!({
            "builder": { "id": BUILDER },
            "buildType": "https://ci.example/type",
            "invocation": { "configSource": { "uri": source } },
            "materials": [{ "uri": SOURCE }],
        })
    };
    assert!(check(PROVENANCE_PREDICATE_V0_2, &predicate(&format!("git+{SOURCE}@refs/heads/main"))).is_ok());
    assert!(check(PROVENANCE_PREDICATE_V0_2, &predicate("https://git.example/evil")).is_err());
    // The places of one version are not looked at in the other.
    assert!(check(PROVENANCE_PREDICATE, &predicate(SOURCE)).is_err());
}

#[test]
fn provenance_by_somebody_else_does_not_count() {
    let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
    let predicate = v1(BUILDER, &json!({ "source": SOURCE }), &[]);
    let bundle_by = |key: &SigningKey| attest(key, &manifest(), PROVENANCE_PREDICATE, &predicate).unwrap();
    let signature = sign(&key, &manifest()).unwrap();
    assert!(verdict(&policy(&key), &manifest(), &[bundle_by(&key), signature.clone()]).is_ok());
    assert!(verdict(&policy(&key), &manifest(), &[bundle_by(&other), signature.clone()]).is_err());
    assert!(verdict(&policy(&key), &manifest(), &[bundle_by(&key)]).is_err());
    assert!(verdict(&policy(&key), &manifest(), &[signature]).is_err());
}

//! Credentials of forges, package registries and the tools around code.

use lockgate_sdk::Severity::{Critical, High};

use super::{Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule("private-key", "a private key", Critical, &["private key"], 0.0, r"(-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-[^-]){32})"),
    rule("age-secret-key", "an age secret key", Critical, &["age-secret-key-1"], 3.0, r"\b(AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})\b"),
    rule("github-token", "a GitHub token", Critical, &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], 3.0, r"(?:^|[^A-Za-z0-9])(gh[pousr]_[A-Za-z0-9]{36,255})(?:[^A-Za-z0-9_]|$)"),
    rule("github-fine-grained-token", "a GitHub fine-grained token", Critical, &["github_pat_"], 3.0, r"(?:^|[^A-Za-z0-9])(github_pat_[A-Za-z0-9_]{82})(?:[^A-Za-z0-9_]|$)"),
    rule(
        "gitlab-token",
        "a GitLab token",
        Critical,
        &["glpat-", "gldt-", "glrt-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-", "gloas-", "glsoat-", "glffct-"],
        3.0,
        r"\b(gl(?:pat|dt|rt|cbt|ptt|ft|imt|agent|oas|soat|ffct)-[A-Za-z0-9_=.-]{20,300})",
    ),
    rule("gitlab-runner-token", "a GitLab runner registration token", Critical, &["gr1348941"], 3.0, r"\b(GR1348941[A-Za-z0-9_-]{20})"),
    rule("bitbucket-app-password", "a Bitbucket app password", Critical, &["atbb"], 3.0, r"\b(ATBB[A-Za-z0-9]{32})\b"),
    rule("atlassian-token", "an Atlassian API token", Critical, &["atatt3"], 3.5, r"\b(ATATT3[A-Za-z0-9_=-]{180,220})"),
    rule("npm-token", "an npm token", Critical, &["npm_"], 3.0, r"\b(npm_[A-Za-z0-9]{36})\b"),
    rule("npmrc-auth-token", "an npm registry's token", Critical, &["_authtoken", "_auth"], 3.0, r#"(?i)_auth(?:token)?\s{0,3}=\s{0,3}["']?([A-Za-z0-9+/=_.-]{16,300})"#),
    rule("pypi-token", "a PyPI token", Critical, &["pypi-age"], 3.0, r"\b(pypi-AgE[A-Za-z0-9_-]{50,1000})"),
    rule("cargo-registry-token", "a Cargo registry token", Critical, &["cio"], 3.5, r"\b(cio[A-Za-z0-9]{32})\b"),
    rule("rubygems-token", "a RubyGems token", Critical, &["rubygems_"], 3.0, r"\b(rubygems_[a-f0-9]{48})\b"),
    rule("nuget-key", "a NuGet API key", Critical, &["oy2"], 3.5, r"\b(oy2[a-z0-9]{43})\b"),
    rule("packagist-token", "a Private Packagist token", Critical, &["packagist_"], 3.0, r"\b(packagist_[ou][ru]t_[a-f0-9]{68})\b"),
    rule("docker-token", "a Docker access token", Critical, &["dckr_pat_", "dckr_oat_"], 3.0, r"\b(dckr_[po]at_[A-Za-z0-9_-]{27,32})"),
    rule("docker-auth", "a container registry's login", Critical, &["\"auth\""], 2.5, r#""auth"\s{0,5}:\s{0,5}"([A-Za-z0-9+/]{16,500}={0,2})""#),
    rule("artifactory-key", "an Artifactory API key", Critical, &["akcp", "cmvmdgtu"], 4.0, r"\b(AKCp[A-Za-z0-9]{69}|cmVmdGtu[A-Za-z0-9]{56})\b"),
    rule("octopus-key", "an Octopus Deploy API key", High, &["api-"], 3.0, r"\b(API-[A-Z0-9]{26})\b"),
    rule("sonar-token", "a SonarQube token", High, &["squ_", "sqp_", "sqa_"], 3.0, r"\b(sq[upa]_[a-f0-9]{40})\b"),
    rule("sentry-token", "a Sentry token", High, &["sntrys_", "sntryu_"], 3.0, r"\b(sntrys_[A-Za-z0-9+/=_]{40,400}|sntryu_[a-f0-9]{64})"),
    rule("postman-key", "a Postman API key", High, &["pmak-"], 3.0, r"\b(PMAK-[a-f0-9]{24}-[a-f0-9]{34})\b"),
    rule("linear-key", "a Linear API key", High, &["lin_api_"], 3.0, r"\b(lin_api_[A-Za-z0-9]{40})\b"),
    rule("infracost-token", "an Infracost token", High, &["ico-"], 3.0, r"(?:^|[^A-Za-z0-9.])(ico-[A-Za-z0-9]{32})\b"),
    rule("prefect-token", "a Prefect token", High, &["pnu_"], 3.0, r"\b(pnu_[A-Za-z0-9]{36})\b"),
];

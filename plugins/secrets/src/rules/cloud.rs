//! Credentials of cloud providers.

use lockgate_sdk::Severity::{Critical, High, Medium};

use super::{Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule("aws-access-key-id", "an AWS access key id", High, &["akia", "asia", "abia", "acca"], 3.0, r"\b((?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16})\b"),
    rule(
        "aws-secret-access-key",
        "an AWS secret access key",
        Critical,
        &["aws"],
        4.0,
        r#"(?i)aws[a-z0-9_ .-]{0,20}(?:secret|sec|sk|key)[a-z0-9_ .-]{0,20}["']?\s{0,5}(?:=>|:=|[:=])?\s{0,5}["']?((?-i:[A-Za-z0-9/+]{40}))(?:[^A-Za-z0-9/+=]|$)"#,
    ),
    rule("aws-bedrock-key", "an Amazon Bedrock API key", Critical, &["absk"], 3.0, r"\b(ABSK[A-Za-z0-9+/]{109,269}={0,2})(?:[^A-Za-z0-9+/=]|$)"),
    rule("aws-bedrock-short-key", "a short-lived Amazon Bedrock API key", High, &["bedrock-api-key-"], 3.0, r"(bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t[A-Za-z0-9+/=_-]*)"),
    rule("azure-client-secret", "a Microsoft Entra client secret", Critical, &["q~"], 3.0, r#"(?:^|[\s'"`>=:(,])([A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34})(?:[\s'"`<),\\]|$)"#),
    rule("azure-storage-key", "an Azure storage account key", Critical, &["accountkey="], 4.0, r"(?i)AccountKey=([A-Za-z0-9+/]{86}==)"),
    rule("azure-registry-password", "an Azure Container Registry password", Critical, &["+acr"], 3.5, r"(?:^|[^A-Za-z0-9+/])([A-Za-z0-9+/]{42}\+ACR[A-Za-z0-9]{6})(?:[^A-Za-z0-9+/]|$)"),
    rule("azure-ai-key", "an Azure AI services key", Critical, &["aaabac"], 3.5, r"\b([A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{10,20}AAA[A-Z0-9]{4,8}[A-Za-z0-9]{4})\b"),
    rule("azure-sas-token", "an Azure shared access signature", High, &["sig="], 3.5, r"[?&;]sig=([A-Za-z0-9%+/]{40,80}(?:%3[dD]|=))"),
    rule("gcp-api-key", "a Google API key", High, &["aiza"], 4.0, r"(?:^|[^A-Za-z0-9_-])(AIza[A-Za-z0-9_-]{35})(?:[^A-Za-z0-9_-]|$)"),
    rule("gcp-service-account", "a Google service account's key file", Critical, &["service_account"], 0.0, r#""type"\s{0,5}:\s{0,5}"(service_account)""#),
    rule("gcp-oauth-secret", "a Google OAuth client secret", Critical, &["gocspx-"], 3.0, r"\b(GOCSPX-[A-Za-z0-9_-]{28})"),
    rule("gcp-oauth-token", "a Google OAuth access token", High, &["ya29."], 3.5, r"\b(ya29\.[A-Za-z0-9_-]{20,})"),
    rule("alibaba-access-key-id", "an Alibaba Cloud access key id", High, &["ltai"], 3.0, r"(?:^|[^A-Za-z0-9])(LTAI[A-Za-z0-9]{12,20})(?:[^A-Za-z0-9]|$)"),
    rule("digitalocean-token", "a DigitalOcean token", Critical, &["doo_v1_", "dop_v1_", "dor_v1_"], 3.0, r"\b(do[opr]_v1_[a-f0-9]{64})\b"),
    rule("heroku-key", "a Heroku API key", Critical, &["hrku-"], 3.0, r"\b(HRKU-AA[0-9A-Za-z_-]{58})"),
    rule("databricks-token", "a Databricks token", Critical, &["dapi"], 3.0, r"\b(dapi[a-f0-9]{32}(?:-[0-9])?)\b"),
    rule("cloudflare-origin-ca-key", "a Cloudflare origin CA key", Critical, &["v1.0-"], 3.0, r"\b(v1\.0-[a-f0-9]{24}-[a-f0-9]{146})\b"),
    rule("tencent-secret-id", "a Tencent Cloud secret id", High, &["akid"], 3.5, r"\b(AKID[A-Za-z0-9]{32})\b"),
    rule("scaleway-key", "a Scaleway access key", Medium, &["scw"], 3.0, r"\b(SCW[A-Z0-9]{17})\b"),
    rule("vault-token", "a HashiCorp Vault token", Critical, &["hvs.", "hvb.", "s."], 3.5, r"(?:^|[^A-Za-z0-9_.-])(hv[sb]\.[A-Za-z0-9_-]{24,300}|s\.[A-Za-z0-9]{24})(?:[^A-Za-z0-9_.-]|$)"),
    rule("terraform-token", "a Terraform Cloud token", Critical, &[".atlasv1."], 3.5, r"\b([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,70})"),
    rule("pulumi-token", "a Pulumi token", Critical, &["pul-"], 3.0, r"\b(pul-[a-f0-9]{40})\b"),
    rule("doppler-token", "a Doppler token", Critical, &["dp.pt.", "dp.st.", "dp.sa."], 3.0, r"\b(dp\.(?:pt|sa|st\.[a-z0-9_-]{2,35})\.[A-Za-z0-9]{40,44})\b"),
    rule("fly-token", "a Fly.io token", Critical, &["fo1_", "fm1"], 3.5, r"\b(fo1_[A-Za-z0-9_-]{43}|fm1[ar]_[A-Za-z0-9+/]{100,}={0,3})"),
];

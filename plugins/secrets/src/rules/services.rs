//! Credentials of other services.

use lockgate_sdk::Severity::{Critical, High, Medium};

use super::{Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule("slack-token", "a Slack token", Critical, &["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxo-", "xoxe-"], 2.5, r"\b(xox[abposre]-(?:[0-9]-)?(?:[0-9]{5,15}-){1,4}[A-Za-z0-9]{14,64})"),
    rule("slack-config-token", "a Slack configuration token", Critical, &["xoxe.xox", "xoxe-1-"], 3.0, r"\b(xoxe(?:\.xox[bp])?-[0-9]-[A-Za-z0-9]{100,220})"),
    rule("slack-app-token", "a Slack app token", Critical, &["xapp-"], 3.0, r"\b(xapp-[0-9]-[A-Z0-9]+-[0-9]+-[a-z0-9]{30,})"),
    rule("slack-webhook", "a Slack webhook", High, &["hooks.slack.com"], 0.0, r"hooks\.slack\.com/(?:services|workflows|triggers)/([A-Za-z0-9+/]{40,60})"),
    rule("discord-webhook", "a Discord webhook", High, &["/api/webhooks/"], 3.0, r"discord(?:app)?\.com/api/webhooks/([0-9]{15,20}/[A-Za-z0-9_-]{60,72})"),
    rule("discord-bot-token", "a Discord bot token", Critical, &["discord"], 3.5, r"\b([MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38})\b"),
    rule("telegram-bot-token", "a Telegram bot token", High, &["telegr", "bot"], 3.0, r"(?:^|[^0-9A-Za-z])([0-9]{8,16}:A[A-Za-z0-9_-]{34})(?:[^A-Za-z0-9_-]|$)"),
    rule("stripe-key", "a Stripe key", Critical, &["sk_live_", "sk_test_", "sk_prod_", "rk_live_", "rk_test_", "rk_prod_"], 2.0, r"\b((?:sk|rk)_(?:live|test|prod)_[A-Za-z0-9]{10,99})\b"),
    rule("square-token", "a Square token", Critical, &["sq0atp-", "sq0csp-", "eaaa"], 3.0, r"(?:^|[^A-Za-z0-9])(sq0atp-[A-Za-z0-9_-]{22}|sq0csp-[A-Za-z0-9_-]{43}|EAAA[A-Za-z0-9_-]{60})(?:[^A-Za-z0-9_-]|$)"),
    rule("shopify-token", "a Shopify token", Critical, &["shpat_", "shpca_", "shppa_", "shpss_"], 3.0, r"\b(shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32})\b"),
    rule("paypal-token", "a Braintree access token", Critical, &["access_token$"], 3.0, r"(access_token\$production\$[a-z0-9]{16}\$[a-f0-9]{32})\b"),
    rule("sendgrid-key", "a SendGrid key", Critical, &["sg."], 3.5, r"\b(SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})\b"),
    rule("mailchimp-key", "a Mailchimp key", High, &["mailchimp"], 3.0, r"(?i)mailchimp.{0,40}?\b([a-f0-9]{32}-us[0-9]{1,2})\b"),
    rule("mailgun-key", "a Mailgun key", High, &["mailgun", "key-"], 3.0, r"\b(key-[a-f0-9]{32})\b"),
    rule("twilio-key", "a Twilio key", High, &["sk"], 3.0, r"\b(SK[0-9a-f]{32})\b"),
    rule("openai-key", "an OpenAI key", Critical, &["t3blbkfj"], 3.0, r"\b(sk-[A-Za-z0-9_-]{20,200}T3BlbkFJ[A-Za-z0-9_-]{20,200})"),
    rule("anthropic-key", "an Anthropic key", Critical, &["sk-ant-"], 3.0, r"\b(sk-ant-(?:api03|admin01)-[A-Za-z0-9_-]{93}AA)(?:[^A-Za-z0-9_-]|$)"),
    rule("huggingface-token", "a Hugging Face token", Critical, &["hf_", "api_org_"], 2.0, r"(?:^|[^A-Za-z0-9_])((?:hf|api_org)_[A-Za-z]{34})(?:[^A-Za-z0-9_]|$)"),
    rule("perplexity-key", "a Perplexity key", High, &["pplx-"], 3.5, r"\b(pplx-[A-Za-z0-9]{48})\b"),
    rule("grafana-token", "a Grafana token", Critical, &["glsa_", "glc_"], 3.0, r"(?:^|[^A-Za-z0-9_])(glsa_[A-Za-z0-9]{32}_[A-Fa-f0-9]{8}|glc_[A-Za-z0-9+/]{32,400}={0,3})"),
    rule("newrelic-key", "a New Relic key", High, &["nrak-", "nraa-"], 3.0, r"\b(NRA[AK]-[A-Za-z0-9]{27})\b"),
    rule("notion-token", "a Notion token", High, &["ntn_", "secret_"], 3.5, r"\b(ntn_[0-9]{11}[A-Za-z0-9]{35}|secret_[A-Za-z0-9]{43})\b"),
    rule("onepassword-key", "a 1Password secret key", Critical, &["a3-"], 3.5, r"\b(A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5})\b"),
    rule("onepassword-service-token", "a 1Password service account's token", Critical, &["ops_ey"], 4.0, r"\b(ops_ey[A-Za-z0-9+/]{250,}={0,3})"),
    rule("facebook-page-token", "a Facebook page token", High, &["eaam", "eaac"], 4.0, r"\b(EAA[MC][A-Za-z0-9]{100,400})\b"),
    rule("facebook-token", "a Facebook access token", High, &["facebook"], 3.0, r"(?:^|[^0-9])([0-9]{15,16}(?:\||%7[cC])[A-Za-z0-9_-]{27,40})"),
    rule("intra42-secret", "a 42 intranet client secret", High, &["s-s4t2"], 3.0, r"\b(s-s4t2(?:ud|af)-[a-f0-9]{64})\b"),
    rule("messagebird-id", "a MessageBird id", Medium, &["messagebird"], 2.5, r#"(?i)messagebird[a-z0-9_ .-]{0,20}["']?\s{0,3}(?:=>|:=|[:=])\s{0,3}["']?([a-f0-9]{8}-(?:[a-f0-9]{4}-){3}[a-f0-9]{12})"#),
    rule("sumologic-id", "a Sumo Logic access id", Medium, &["sumo"], 3.0, r#"\b(?i:[a-z0-9_.-]{0,20}sumo(?:logic)?[a-z0-9_.-]{0,20}access[a-z0-9_.-]{0,20})["']?\s{0,10}(?:=>|:=|[:=])\s{0,5}["']?(su[A-Za-z0-9]{12})\b"#),
    rule("meraki-key", "a Cisco Meraki key", High, &["meraki"], 3.5, r#"(?i)(?:^|[^a-z])meraki[a-z0-9_ .-]{0,20}["']?\s{0,5}(?:=>|:=|[:=])\s{0,5}["']?([a-f0-9]{40})\b"#),
    rule("readme-key", "a ReadMe key", High, &["rdme_"], 3.0, r"\b(rdme_[a-z0-9]{70})\b"),
    rule("easypost-key", "an EasyPost key", High, &["ezak", "eztk"], 3.5, r"\b(EZ[AT]K[A-Za-z0-9]{54})\b"),
    rule("tailscale-key", "a Tailscale key", Critical, &["tskey-"], 3.0, r"\b(tskey-[a-z]{2,12}-[A-Za-z0-9]{8,24}-[A-Za-z0-9]{20,40})\b"),
];

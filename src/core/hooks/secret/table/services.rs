//! Keys and tokens of messengers, of payment, and of AI.

use super::super::{Form, Rule};

/// A slash as it is, escaped in JSON, or in a URL that is part of another.
macro_rules! slash {
    () => {
        r"(?:\\?/|%2[Ff])"
    };
}

/// What may stand between a name and its value: an assignment in any language, an entry of JSON, YAML or a table.
macro_rules! assigned {
    () => {
        r#"["'`\\]*\s*(?:=>|:=|==|[:=,|>]|%3[Dd]|\s)\s*\\*["'`]?"#
    };
}

/// Their rules.
pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "slack-token",
        what: "a Slack token",
        form: Form::Token,
        literals: &[
            "xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxo-", "xoxc-", "xoxd-", "xoxe", "xapp-", "xwfp-",
        ],
        pattern: r"xox[abcoprs]-(?:[0-9]-)?(?:[0-9]{8,14}-){1,3}[A-Za-z0-9]{10,}|xoxd-[A-Za-z0-9%+/=]{60,}|xoxe(?:\.xox[bp])?-[0-9]-[A-Za-z0-9]{100,}|x(?:app|wfp)-[0-9]-[A-Z0-9]{8,}-[0-9]{8,}-[A-Za-z0-9]{32,}",
        source: "https://docs.slack.dev/authentication/tokens",
        finds: &[
            "xoxb-«12 digit»-«13 digit»-«24 alnum»",
            "xoxb-«12 digit»-«24 alnum»",
            "xoxp-«12 digit»-«12 digit»-«13 digit»-«32 hex»",
            "xoxa-2-«12 digit»-«12 digit»-«13 digit»-«18 hex»",
            "xoxs-«12 digit»-«9 digit»-«10 digit»-«10 hex»",
            "xoxc-«12 digit»-«12 digit»-«13 digit»-«64 hex»",
            "xoxe.xoxp-1-«160 alnum»",
            "xoxe-1-«146 alnum»",
            "xapp-1-A«10 digit»-«13 digit»-«64 hex»",
        ],
        leaves: &[
            "xoxb-token-here",
            "xoxb-not-a-real-token-this-will-not-work",
            "xoxb-111111111111-222222222222-«24 of x»",
            "xapp-1-«10 of A»-«13 of 1»-«64 of a»",
        ],
    },
    Rule {
        id: "slack-webhook",
        what: "a Slack webhook",
        form: Form::Text,
        literals: &["hooks.slack"],
        pattern: concat!(
            r"hooks\.slack(?:-gov)?\.com",
            slash!(),
            "(?:services|workflows|triggers)",
            slash!(),
            "[TE][A-Z0-9]{8,}",
            slash!(),
            "[A-Z0-9]{9,}",
            slash!(),
            "(?:[0-9]+",
            slash!(),
            ")?([A-Za-z0-9]{20,})"
        ),
        source: "https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks",
        finds: &[
            "https://hooks.slack.com/services/T«9 base32»/B«9 base32»/«24 alnum»",
            r"https:\/\/hooks.slack.com\/services\/T«9 base32»\/B«9 base32»\/«24 alnum»",
            "https://hooks.slack.com/workflows/T«9 base32»/A«9 base32»/«18 digit»/«24 alnum»",
        ],
        leaves: &[
            "https://hooks.slack.com/services/…",
            "https://hooks.slack.com/services/T00000000/B00000000/«24 of X»",
        ],
    },
    Rule {
        id: "discord-webhook",
        what: "a Discord webhook",
        form: Form::Text,
        literals: &["discord"],
        pattern: concat!(
            r"discord(?:app)?\.com",
            slash!(),
            "api",
            slash!(),
            "(?:v[0-9]+",
            slash!(),
            ")?webhooks",
            slash!(),
            "[0-9]{17,20}",
            slash!(),
            "([A-Za-z0-9_-]{60,})"
        ),
        source: "https://discord.com/developers/docs/resources/webhook",
        finds: &["https://discord.com/api/webhooks/«19 digit»/«68 base64url»"],
        leaves: &[
            "https://discord.com/api/webhooks/<id>/<token>",
            "https://discord.com/api/webhooks/«19 digit»/«68 of x»",
        ],
    },
    Rule {
        id: "telegram-token",
        what: "a Telegram bot's token",
        form: Form::Token,
        literals: &[":AA"],
        pattern: "[0-9]{8,10}:AA[A-Za-z0-9_-]{33}",
        source: "https://core.telegram.org/bots/features#botfather",
        finds: &["«10 digit»:AA«33 base64url»"],
        leaves: &["«10 digit»:AA«12 alnum»", "1234567890:AA«33 of x»"],
    },
    Rule {
        id: "stripe-key",
        what: "a Stripe live key, or a webhook's signing secret",
        form: Form::Token,
        literals: &["sk_live_", "rk_live_", "sk_org_live_", "whsec_"],
        pattern: "(?:[sr]k_live_|sk_org_live_)[A-Za-z0-9]{24,}|whsec_[A-Za-z0-9+/]{32,}",
        source: "https://docs.stripe.com/keys",
        finds: &["sk_live_«24 alnum»", "rk_live_«99 alnum»", "whsec_«32 alnum»"],
        leaves: &[
            "sk_test_«24 alnum»",
            "sk_live_«24 of x»",
            "whsec_test_secret",
            "sk_live_${KEY}",
        ],
    },
    Rule {
        id: "square-token",
        what: "a Square token",
        form: Form::Token,
        literals: &["sq0atp-", "sq0csp-"],
        pattern: "sq0(?:atp-[A-Za-z0-9_-]{22,}|csp-[A-Za-z0-9_-]{43,})",
        source: "https://developer.squareup.com/docs/build-basics/access-tokens",
        finds: &["sq0atp-«22 base64url»", "sq0csp-«43 base64url»"],
        leaves: &["sq0atp-<token>", "sq0idp-«22 base64url»"],
    },
    Rule {
        id: "shopify-token",
        what: "a Shopify token",
        form: Form::Token,
        literals: &["shpat_", "shpss_", "shpca_", "shppa_", "shpua_"],
        pattern: "shp(?:at|ss|ca|pa|ua)_[0-9a-fA-F]{32,}",
        source: "https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens",
        finds: &["shpat_«32 hex»", "shpss_«32 hex»"],
        leaves: &["shpat_«8 hex»", "shpat_«32 of 0»"],
    },
    Rule {
        id: "twilio-key",
        what: "a Twilio key or auth token",
        form: Form::Token,
        literals: &["SK", "wilio", "WILIO"],
        pattern: concat!(
            "SK[0-9a-f]{32}|(?i:twilio[a-z_.-]*(?:token|secret))",
            assigned!(),
            "([0-9a-f]{32})"
        ),
        source: "https://www.twilio.com/docs/iam/api-keys",
        finds: &["SK«32 hex»", "TWILIO_AUTH_TOKEN=«32 hex»"],
        leaves: &[
            "SK«32 of a»",
            "SK«32 of X»",
            "TWILIO_AUTH_TOKEN=your_auth_token",
            "TASK«32 hex»",
        ],
    },
    Rule {
        id: "sendgrid-key",
        what: "a SendGrid key",
        form: Form::Token,
        literals: &["SG."],
        pattern: r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
        source: "https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys",
        finds: &["SG.«22 base64url».«43 base64url»"],
        leaves: &["SG.name.value", "SG.«22 of x».«43 of x»"],
    },
    Rule {
        id: "openai-key",
        what: "an OpenAI key",
        form: Form::Token,
        literals: &["T3BlbkFJ"],
        pattern: "sk-[A-Za-z0-9_-]{20,}T3BlbkFJ[A-Za-z0-9_-]{20,}",
        source: "https://platform.openai.com/docs/api-reference/authentication",
        finds: &[
            "sk-«20 alnum»T3BlbkFJ«20 alnum»",
            "sk-proj-«74 base64url»T3BlbkFJ«74 base64url»",
        ],
        leaves: &["sk-«48 alnum»", "sk-proj-…"],
    },
    Rule {
        id: "anthropic-key",
        what: "an Anthropic key",
        form: Form::Token,
        literals: &["sk-ant-"],
        pattern: "sk-ant-[a-z]{3,8}[0-9]{2}-[A-Za-z0-9_-]{80,}",
        source: "https://docs.claude.com/en/api/overview",
        finds: &[
            "sk-ant-api03-«95 base64url»",
            "sk-ant-admin01-«95 base64url»",
            "sk-ant-oat01-«95 base64url»",
            "sk-ant-ort01-«95 base64url»",
        ],
        leaves: &["sk-ant-api03-", "sk-ant-api03-«95 of x»", "sk-ant-api03-your-key-here"],
    },
    Rule {
        id: "ai-key",
        what: "a key of an AI service",
        form: Form::Token,
        literals: &["gsk_", "sk-or-v1-", "xai-", "r8_", "pplx-"],
        pattern: "gsk_[A-Za-z0-9]{52}|sk-or-v1-[0-9a-f]{64}|xai-[A-Za-z0-9]{80}|r8_[A-Za-z0-9]{37}|pplx-[A-Za-z0-9]{48}",
        source: "https://docs.github.com/en/code-security/reference/secret-security/supported-secret-scanning-patterns",
        finds: &[
            "gsk_«52 alnum»",
            "sk-or-v1-«64 hex»",
            "xai-«80 alnum»",
            "r8_«37 alnum»",
            "pplx-«48 alnum»",
        ],
        leaves: &["gsk_«12 alnum»", "gsk_«52 of x»", "xai-<key>"],
    },
    Rule {
        id: "huggingface-token",
        what: "a Hugging Face token",
        form: Form::Token,
        literals: &["hf_", "api_org_"],
        pattern: "(?:hf_|api_org_)[A-Za-z]{34,}",
        source: "https://huggingface.co/docs/hub/security-tokens",
        finds: &["hf_«34 alpha»", "api_org_«34 alpha»"],
        leaves: &["hf_hub_download", "hf_«34 of x»"],
    },
];

//! A step of the pipeline file.

use std::borrow::Cow;

use lockgate_model::ids::StepId;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::keyed::Keyed;
use super::leaf::{Any, AnyMap, ConditionText, Count, Duration, Name, OneOrMany, Plain};
use super::read::{Map, Read, record, words};
use crate::diagnostics::Report;
use crate::source::Spanned;
use crate::yaml::{Node, Value};

record! {
    /// One plugin (`uses`), one script (`run`) or one rollout (`deploy`).
    Step ("a step") {
        /// Names the step in `steps.ID`; `step-N` where nothing is said.
        id: Option<Spanned<Name<StepId>>>,
        /// For people.
        name: Option<Spanned<String>>,
        /// Whether it runs: CEL. Without `success()`, `failure()`, `always()` or `cancelled()` in it, it runs only if all steps before it are good.
        r#if: Option<ConditionText>,
        /// A plugin, by its alias in `plugins`.
        uses: Option<Spanned<String>>,
        /// A script for the shell. Values come by `env`, never by `${{ }}`.
        run: Option<Spanned<String>>,
        /// A rollout.
        deploy: Option<Spanned<Deploy>>,
        /// The plugin's configuration. Test reporters and scanners take `files` here: globs of the files to read.
        with: Option<AnyMap>,
        /// Environment of the plugin and of its native tools.
        env: Option<Map<Plain>>,
        /// What the step may do outside its own memory. What is not here is refused.
        grants: Option<Keyed<GrantsText>>,
        /// What a second call would do; `once` where nothing is said.
        effect: Option<EffectWord>,
        /// Wall time of one attempt; an hour where nothing is said.
        timeout: Option<Duration>,
        /// When to try again: a number of tries, or rules.
        retry: Option<RetryForm>,
        /// Whether the job goes on when this step fails.
        continue_on_error: Option<bool>,
        /// The shell of `run`; `sh` where nothing is said.
        shell: Option<Spanned<String>>,
    }
}

record! {
    /// Starts a rollout and waits for its end.
    Deploy ("`deploy`") {
        /// One of `environments`.
        environment: Spanned<String>,
        /// The release.
        release: Any,
    }
}

record! {
    /// What a step may do outside its own memory. Values are literal but for `${{ matrix... }}`.
    GrantsText ("`grants`") {
        /// Native tools that it may run, alone or with globs for their arguments: `cargo`, `cargo test **`, `git fetch origin *`.
        exec: Option<OneOrMany<Spanned<String>>>,
        /// Folders that live on between runs, outside of keys and snapshots.
        scratch: Option<OneOrMany<Spanned<String>>>,
        /// Requests that it may send: `[METHODS ][http://]HOST[:PORT][/PATH][@NETWORK]`, such as `api.example`, `GET,HEAD api.example:8443/v1`, `*.example`, `vault.example@10.0.0.0/8`. Native tools reach the same hosts, by rules without method and path.
        http: Option<OneOrMany<Spanned<String>>>,
        /// Globs that it may read; the whole workspace where nothing is said, nothing where the list is empty.
        read: Option<OneOrMany<Spanned<String>>>,
        /// Globs that it may write; the whole workspace where nothing is said, nothing where the list is empty.
        write: Option<OneOrMany<Spanned<String>>>,
        /// Secrets that it may hold a placeholder of.
        secrets: Option<OneOrMany<Spanned<String>>>,
        /// Secrets whose value its native tools may see, in an environment variable (for `run`: `deploy-token` is `DEPLOY_TOKEN`); the run marks them as exposed.
        expose: Option<OneOrMany<Spanned<String>>>,
        /// Whether it may know the time.
        clock: Option<bool>,
        /// Whether it may have randomness that no seed gives.
        random: Option<bool>,
    }
}

words! {
    /// What a second call of a step would do.
    EffectWord ("effect") {
        /// Harm: when an attempt is lost, a person decides.
        Once = "once",
        /// Nothing new: it may be done again.
        Idempotent = "idempotent",
    }
}

words! {
    /// What a retry is for.
    RetryOnWord ("cause of a retry") {
        /// Faults of the host, and failures that the plugin calls retryable.
        Fault = "fault",
        /// Anything that is not good.
        Any = "any",
    }
}

record! {
    /// When a step is tried again.
    RetryRules ("`retry`") {
        /// Tries in all, the first one counted.
        max: Option<Spanned<Count>>,
        /// What counts; faults where nothing is said.
        on: Option<RetryOnWord>,
        /// Wait before the second try, doubled for each further one; a second where nothing is said.
        backoff: Option<Duration>,
    }
}

/// A number of tries, or rules.
#[derive(Debug, Clone)]
pub(crate) struct RetryForm(pub(crate) RetryRules);

impl Read for RetryForm {
    fn read(node: &Node, report: &mut Report) -> Option<Self> {
        match &node.value {
            Value::Map(_) => RetryRules::read(node, report).map(Self),
            _ => {
                let max = Spanned::<Count>::read(node, report)?;
                Some(Self(RetryRules { max: Some(max), on: None, backoff: None }))
            }
        }
    }
}

impl JsonSchema for RetryForm {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Retry".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (count, rules) = (generator.subschema_for::<Count>(), generator.subschema_for::<RetryRules>());
        json_schema!({ "anyOf": [count, rules] })
    }
}

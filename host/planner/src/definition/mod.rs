//! The pipeline file's form. These types are the one place where its keys are written: readers, suggestions and the
//! JSON Schema all come from them.

mod keyed;
pub(crate) mod leaf;
mod matrix;
pub(crate) mod read;
mod step;

pub(crate) use matrix::Matrix;
pub(crate) use step::{Deploy, EffectWord, GrantsText, RetryForm, RetryOnWord, Step};

use leaf::{Any, AnyMap, ConditionText, Count, Duration, OneOrMany, Plain};
use read::{Map, Read, record, words};

use crate::source::Spanned;

record! {
    /// A Lockgate pipeline: jobs of steps, each step a plugin.
    Pipeline ("a pipeline") {
        /// The pipeline's name.
        name: Option<Spanned<String>>,
        /// What sets it off.
        on: Option<Triggers>,
        /// Alias to OCI reference. Digests and accepted asks are in lockgate.lock; nothing runs without it.
        plugins: Option<Map<Spanned<String>>>,
        /// Environment of every step.
        env: Option<Map<Plain>>,
        /// Jobs by id. Each has a workspace of its own.
        jobs: Map<Spanned<Job>>,
        /// Where releases go.
        environments: Option<Map<Spanned<Environment>>>,
    }
}

record! {
    /// What sets a pipeline off.
    Triggers ("`on`") {
        /// A push to a branch or of a tag.
        push: Option<Filter>,
        /// A proposed change.
        pull_request: Option<Filter>,
        /// Cron expressions (five fields, UTC).
        schedule: Option<OneOrMany<Spanned<String>>>,
        /// Somebody, with inputs.
        manual: Option<Manual>,
    }
}

record! {
    /// Which pushes or changes count; all where nothing is said.
    Filter ("a filter of events") {
        /// Globs of branches.
        branches: Option<OneOrMany<Spanned<String>>>,
        /// Globs of tags.
        tags: Option<OneOrMany<Spanned<String>>>,
        /// Globs of changed files.
        paths: Option<OneOrMany<Spanned<String>>>,
    }
}

record! {
    /// A run that somebody starts.
    Manual ("`manual`") {
        /// What it asks for, by name.
        inputs: Option<Map<Spanned<Input>>>,
    }
}

words! {
    /// The type of an input.
    InputType ("type of an input") {
        /// Text.
        String = "string",
        /// A number.
        Number = "number",
        /// True or false.
        Boolean = "boolean",
        /// One of `options`.
        Choice = "choice",
    }
}

record! {
    /// A value that a run is given.
    Input ("an input") {
        /// Its type; a string where nothing is said.
        r#type: Option<InputType>,
        /// What it is where nobody says.
        default: Option<Any>,
        /// Whether somebody must say.
        required: Option<bool>,
        /// For people.
        description: Option<String>,
        /// What may be chosen.
        options: Option<Vec<Spanned<String>>>,
    }
}

record! {
    /// Steps in order, in one workspace.
    Job ("a job") {
        /// For people.
        name: Option<Spanned<String>>,
        /// Jobs that must have ended before.
        needs: Option<OneOrMany<Spanned<String>>>,
        /// Whether it runs: CEL. Without `success()`, `failure()`, `always()` or `cancelled()` in it, it runs only if all that it needs is good.
        r#if: Option<ConditionText>,
        /// How often and how widely it runs.
        strategy: Option<Strategy>,
        /// Environment of its steps.
        env: Option<Map<Plain>>,
        /// Named values for jobs that need this one.
        outputs: Option<Map<Any>>,
        /// Wall time of the whole job; six hours where nothing is said.
        timeout: Option<Duration>,
        /// Whether the run may pass when this job fails.
        continue_on_error: Option<bool>,
        /// What it does.
        steps: Option<Spanned<Vec<Spanned<Step>>>>,
    }
}

record! {
    /// How often and how widely a job runs.
    Strategy ("a strategy") {
        /// One cell for each combination of values.
        matrix: Option<Spanned<Matrix>>,
        /// A failing cell cancels the others; true where nothing is said.
        fail_fast: Option<bool>,
        /// Cells that may run at the same time.
        max_parallel: Option<Count>,
    }
}

record! {
    /// A target with a strategy and rules.
    Environment ("an environment") {
        /// The deploy target.
        target: Spanned<String>,
        /// How traffic moves to a new release.
        strategy: Option<Rollout>,
        /// Who must approve.
        approvals: Option<Approvals>,
        /// Globs of branches whose runs may deploy here; all where nothing is said.
        branches: Option<OneOrMany<Spanned<String>>>,
    }
}

record! {
    /// A deploy strategy.
    Rollout ("a deploy strategy") {
        /// A plugin of kind deploy-strategy, by alias.
        uses: Spanned<String>,
        /// Its configuration.
        with: Option<AnyMap>,
    }
}

record! {
    /// Who must approve a rollout.
    Approvals ("`approvals`") {
        /// Roles or people.
        by: OneOrMany<Spanned<String>>,
        /// How many of them; one where nothing is said.
        #[allow(dead_code, reason = "a plan keeps no environments; reading it checks it")]
        count: Option<Count>,
    }
}

impl Pipeline {
    /// The definition in a tree.
    pub(crate) fn of(root: &crate::yaml::Node, report: &mut crate::diagnostics::Report) -> Option<Self> {
        Self::read(root, report)
    }
}

#[cfg(test)]
mod tests {
    use super::read::Record;
    use super::*;
    use lockgate_model::Json;

    fn check<R: Record + schemars::JsonSchema>() {
        let schema = schemars::schema_for!(R).to_value();
        let mut properties: Vec<String> =
            schema["properties"].as_object().map(|it| it.keys().cloned().collect()).unwrap_or_default();
        let mut keys = R::keys();
        properties.sort();
        keys.sort();
        assert_eq!(keys, properties, "{}", R::WHAT);
        assert_eq!(schema["additionalProperties"], Json::Bool(false), "{}", R::WHAT);
    }

    #[test]
    fn reader_and_schema_know_the_same_keys() {
        check::<Pipeline>();
        check::<Triggers>();
        check::<Filter>();
        check::<Manual>();
        check::<Input>();
        check::<Job>();
        check::<Strategy>();
        check::<Environment>();
        check::<Rollout>();
        check::<Approvals>();
        check::<Step>();
        check::<Deploy>();
        check::<GrantsText>();
        check::<step::RetryRules>();
    }
}

//! A step: exactly one of `uses`, `run` and `deploy`, and what stands around it.

use std::collections::BTreeMap;

use lockgate_model::Json;
use lockgate_model::call::Kind;
use lockgate_model::grant::{Effect, Grants};
use lockgate_model::ids::StepId;
use lockgate_model::limits::{ATTEMPTS_DEFAULT, ATTEMPTS_MAX, RETRY_BACKOFF_MS, STEP_TIMEOUT_MS};
use lockgate_model::plan::{PlanStep, Retry, RetryOn, StepAction};
use lockgate_model::template::{Condition, Template};

use super::asks;
use super::config::configured;
use super::context::Context;
use super::grants;
use super::plugins::Plugin;
use crate::definition::leaf::Plain;
use crate::definition::read::Map;
use crate::definition::{Deploy, EffectWord, RetryForm, RetryOnWord, Step};
use crate::expression::names::Names;
use crate::expression::scan::has_hole;
use crate::source::{Span, Spanned};
use crate::suggest;

/// Environment variables by name.
pub(crate) type Env = BTreeMap<String, Template>;

/// The shell of `run:` where the step does not say.
const DEFAULT_SHELL: &str = "sh";

/// The id that the step gives itself, else `step-N`, counted from 1.
pub(crate) fn id_of(step: &Spanned<Step>, index: usize) -> Option<StepId> {
    match &step.value.id {
        Some(id) => Some(id.value.0.clone()),
        None => format!("step-{}", index + 1).parse().ok(),
    }
}

/// The plan's step; nothing where what it does could not be read.
pub(crate) fn lower(
    id: Option<&StepId>,
    step: &Spanned<Step>,
    env_around: &Env,
    names: &Names,
    context: &mut Context<'_>,
) -> Option<PlanStep> {
    let it = &step.value;
    let condition = it.r#if.as_ref().map_or(Condition::Success, |text| context.condition(&text.0, names));
    let mut env = env_around.clone();
    env.extend(self::env(it.env.as_ref(), names, context));
    let retry = retry(it.retry.as_ref(), context);
    let mut grants = grants::lower(it.grants.as_ref().map(|grants| &grants.value), context);
    let (action, default_name) = action(step, &mut grants, names, context)?;
    let name = it.name.as_ref().map(|name| context.words(name));
    let own_id = it.id.as_ref().map(|id| id.value.0.to_string());
    Some(PlanStep {
        id: id?.clone(),
        name: name.or(own_id).unwrap_or(default_name),
        line: context.lines.place(step.span.start).0,
        grants_line: it.grants.as_ref().map(|grants| context.lines.place(grants.key.start).0),
        condition,
        action,
        env,
        grants,
        effect: effect(it.effect),
        timeout_ms: it.timeout.map_or(STEP_TIMEOUT_MS, |timeout| timeout.0),
        retry,
        continue_on_error: it.continue_on_error.unwrap_or(false),
    })
}

fn action(
    step: &Spanned<Step>,
    grants: &mut Grants,
    names: &Names,
    context: &mut Context<'_>,
) -> Option<(StepAction, String)> {
    let it = &step.value;
    check_shell(it, context);
    match (&it.uses, &it.run, &it.deploy) {
        (Some(uses), None, None) => plugin(uses, it, grants, names, context),
        (None, Some(run), None) => script(run, it, grants, context),
        (None, None, Some(rollout)) => deploy(rollout, it, names, context),
        (None, None, None) => {
            if !context.report.has_error_in(step.span) {
                let message = "the step does nothing: it has none of `uses`, `run` and `deploy`";
                context.report.error("step-action", first_line(step.span), message).help("add `run: COMMAND`");
            }
            None
        }
        _ => {
            let spans = [it.uses.as_ref().map(|it| it.span), it.run.as_ref().map(|it| it.span)];
            let second = it.deploy.as_ref().map(|it| it.span).or(spans[1]).unwrap_or(step.span);
            let message = "a step has exactly one of `uses`, `run` and `deploy`";
            let first = spans.into_iter().flatten().next().unwrap_or(step.span);
            context
                .report
                .error("step-action", second, message)
                .related(first, "the first one")
                .help("make two steps of it");
            None
        }
    }
}

fn plugin(
    uses: &Spanned<String>,
    step: &Step,
    granted: &mut Grants,
    names: &Names,
    context: &mut Context<'_>,
) -> Option<(StepAction, String)> {
    let plugin = context.plugins.find(uses, Kind::is_step, context.report)?;
    let configured = configured(step.with.as_ref(), plugin, uses.span, names, context);
    let place = step.grants.as_ref().map_or(uses.span, |grants| grants.span);
    // Where the grants could not be read, nobody knows what is missing in them.
    if context.cells_known && !context.report.has_error_in(place) {
        asks::check(granted, plugin, place, context.report);
    }
    let name = uses.value.clone();
    let action = StepAction::Plugin {
        alias: plugin.alias.clone(),
        pin: plugin.entry.pin.clone(),
        schema: configured.config.literal().is_none().then(|| plugin.entry.descriptor.config_schema.clone()),
        config: configured.config,
        files: configured.files,
    };
    Some((action, name))
}

/// `run:` is the shell plugin with the script as its configuration; the shell itself is granted by saying it.
fn script(
    run: &Spanned<String>,
    step: &Step,
    granted: &mut Grants,
    context: &mut Context<'_>,
) -> Option<(StepAction, String)> {
    check_script(run, context);
    if let Some(with) = &step.with {
        let message = "`with` configures a plugin, and `run` has none";
        context.report.error("step-action", with.0.span, message).help("give the script its values by `env:`");
    }
    let shell = step.shell.as_ref().map_or(DEFAULT_SHELL, |shell| &shell.value);
    let shell_span = step.shell.as_ref().map_or(run.span, |shell| shell.span);
    grants::add_tool(granted, shell, shell_span, context);
    let Some(Plugin { alias, entry, .. }) = context.plugins.shell() else {
        let message = "`run` is short for the host's shell plugin, which is not in lockgate.lock";
        context
            .report
            .error("not-locked", run.span, message)
            .help("`lockgate lock` pins it, once `cargo xtask plugins` has built it");
        return None;
    };
    let mut config = serde_json::json!({ "script": run.value, "shell": shell });
    if !granted.expose.is_empty() {
        let variables = granted.expose.iter().map(|secret| (variable_of(secret), Json::from(secret.as_str())));
        config["secret-env"] = variables.collect();
    }
    let action = StepAction::Plugin {
        alias: alias.clone(),
        pin: entry.pin.clone(),
        config: Template::Literal(config),
        schema: None,
        files: Vec::new(),
    };
    Some((action, title_of(&run.value)))
}

/// The variable in which a script finds an exposed secret: `deploy-token` is `DEPLOY_TOKEN`.
fn variable_of(secret: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    secret.chars().map(letter).collect()
}

/// A value spliced into a script is read as code by the shell: whoever chooses a branch's name would run what they like.
fn check_script(run: &Spanned<String>, context: &mut Context<'_>) {
    if run.value.trim().is_empty() {
        context.report.error("empty-script", run.span, "the script is empty");
    }
    if !has_hole(&run.value) {
        return;
    }
    let raw = context.text.get(run.span.start..run.span.end).unwrap_or("");
    let at = raw.find("${{").map_or(run.span, |at| Span::new(run.span.start + at, run.span.start + at + 3));
    context
        .report
        .error("expression-in-script", at, "`${{ }}` in a script would splice a value into code")
        .help("put the value in `env:`, for example `env: { NAME: \"${{ ... }}\" }`, and use \"$NAME\" in the script");
}

fn deploy(
    rollout: &Spanned<Deploy>,
    step: &Step,
    names: &Names,
    context: &mut Context<'_>,
) -> Option<(StepAction, String)> {
    let environment = &rollout.value.environment;
    let known = context.file.environments.as_ref();
    if !known.is_some_and(|known| known.names().any(|name| name == environment.value)) {
        let help = suggest::help(&environment.value, known.into_iter().flat_map(Map::names))
            .unwrap_or_else(|| "declare it under `environments:`".to_owned());
        let message = format!("there is no environment `{}`", environment.value);
        context.report.error("unknown-environment", environment.span, message).help(help);
    }
    for span in
        [step.with.as_ref().map(|with| with.0.span), step.grants.as_ref().map(|it| it.span)].into_iter().flatten()
    {
        let message = "strategy, target and grants of a rollout are the environment's, not the step's";
        context.report.error("step-action", span, message);
    }
    let release = context.template(&rollout.value.release.0, names);
    let name = format!("deploy to {}", environment.value);
    Some((StepAction::Deploy { environment: environment.value.clone(), release }, name))
}

fn check_shell(step: &Step, context: &mut Context<'_>) {
    if let (Some(shell), None) = (&step.shell, &step.run) {
        context.report.error("step-action", shell.span, "`shell` belongs to `run`").help("remove it");
    }
}

/// Environment variables as templates that give strings.
pub(crate) fn env(map: Option<&Map<Plain>>, names: &Names, context: &mut Context<'_>) -> Env {
    let mut env = Env::new();
    for (name, value) in map.into_iter().flat_map(|map| &map.entries) {
        if !is_variable(&name.value) {
            let message = format!("`{}` is no name of an environment variable", name.value);
            context.report.error("invalid-name", name.span, message).help("letters, digits and `_`, no digit first");
        }
        env.insert(name.value.clone(), context.string_template(&value.0, names));
    }
    env
}

fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn effect(word: Option<EffectWord>) -> Effect {
    match word {
        Some(EffectWord::Idempotent) => Effect::Idempotent,
        Some(EffectWord::Once) | None => Effect::Once,
    }
}

fn retry(form: Option<&RetryForm>, context: &mut Context<'_>) -> Retry {
    let rules = form.map(|form| &form.0);
    let max = rules.and_then(|rules| rules.max.as_ref());
    if let Some(max) = max.filter(|max| max.value.0 > ATTEMPTS_MAX) {
        let message = format!("a step is tried {ATTEMPTS_MAX} times at the most");
        context.report.error("wrong-number", max.span, message);
    }
    Retry {
        attempts_max: max.map_or(ATTEMPTS_DEFAULT, |max| max.value.0),
        on: match rules.and_then(|rules| rules.on) {
            Some(RetryOnWord::Any) => RetryOn::Any,
            Some(RetryOnWord::Fault) | None => RetryOn::Fault,
        },
        backoff_ms: rules.and_then(|rules| rules.backoff).map_or(RETRY_BACKOFF_MS, |backoff| backoff.0),
    }
}

/// The first line of a script that says something.
fn title_of(script: &str) -> String {
    let line = script.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("run");
    line.chars().take(80).collect()
}

/// A point at the start of something long.
fn first_line(span: Span) -> Span {
    Span::new(span.start, span.start + 1)
}

impl Context<'_> {
    /// A text for people, in which only what is known when the run is planned may stand.
    pub(crate) fn words(&mut self, text: &Spanned<String>) -> String {
        let node = crate::yaml::Node {
            span: text.span,
            value: crate::yaml::Value::Scalar(text.value.clone(), crate::yaml::Scalar::Text),
        };
        let mut names = self.names();
        names.roots.insert("matrix", crate::expression::names::Below::Any);
        match self.literal(&node, &names) {
            Some(Json::String(words)) => words,
            Some(other) => crate::expression::as_text(&other),
            None => text.value.clone(),
        }
    }
}

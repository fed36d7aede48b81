//! Files that are made to do harm: each one diagnostic, in bounded time and memory; and no text at all makes a panic.

mod common;

use common::{catalog, mistakes, planned, source};
use lockgate_model::limits::{JOB_STEPS_MAX, PIPELINE_BYTES_MAX};
use lockgate_planner::{DIAGNOSTICS_MAX, Params, YAML_DEPTH_MAX, plan, references};
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};

fn check(text: &str, expected: &str) {
    let found = mistakes(text);
    assert!(found.len() == 1 && found[0].contains(expected), "{} diagnostics, {:?}", found.len(), found.first());
    assert_eq!(references(&source(text)).map_err(|it| it.len()), Err(1));
}

#[test]
fn a_file_has_a_size() {
    let filler = |bytes: usize| format!("jobs: {{ a: {{ steps: [{{ run: x }}] }} }}\n#{}", "x".repeat(bytes));
    let around = filler(0).len();
    assert!(planned(&filler(PIPELINE_BYTES_MAX - around)).is_ok());
    check(&filler(PIPELINE_BYTES_MAX - around + 1), "too-large");
}

#[test]
fn aliases_do_not_multiply_without_end() {
    let mut laughs = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..10 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        laughs += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    check(&laughs, "too-large with its aliases expanded");
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 10_000].join(", "));
    check(&long, "too-large with its aliases expanded");
    check("a: &a [*a]\n", "alias");
}

#[test]
fn an_alias_is_its_value() {
    let text = "jobs: { a: { steps: &s [{ run: x }] }, b: { steps: *s } }\n";
    assert_eq!(planned(text).unwrap().plan.jobs[1].steps[0].name, "x");
}

#[test]
fn depth_has_an_end() {
    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    check(&deep(YAML_DEPTH_MAX + 1), "too-deep");
    check(&deep(200_000), "too-deep");
    check(&"- ".repeat(200_000), "too-deep");
    check(&(0..1_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect::<String>(), "too-deep");
    let nested = (1..40).map(|level| format!("a{level}: &a{level} [[[*a{}]]]\n", level - 1)).collect::<String>();
    check(&format!("a0: &a0 x\n{nested}"), "too-deep");
}

#[test]
fn jobs_and_steps_have_an_end() {
    let steps = |count: usize| format!("jobs:\n  a:\n    steps:\n{}", "      - run: x\n".repeat(count));
    assert!(planned(&steps(JOB_STEPS_MAX)).is_ok());
    assert!(mistakes(&steps(JOB_STEPS_MAX + 1))[0].contains("too-large the job has 1001 steps"));
    let job = |name: usize| {
        format!(
            "  j{name}: {{ strategy: {{ matrix: {{ x: {:?} }} }}, steps: [{{ run: x }}] }}\n",
            (0..250).collect::<Vec<_>>()
        )
    };
    let jobs = |count: usize| format!("jobs:\n{}", (0..count).map(job).collect::<String>());
    assert!(planned(&jobs(8)).is_ok());
    assert!(mistakes(&jobs(9))[0].contains("too-large with this job the plan has 2250 jobs"));
}

#[test]
fn mistakes_without_number_are_cut() {
    let text = format!(
        "jobs: {{ a: {{ steps: [{{ run: x }}] }} }}\n{}",
        (0..60_000).map(|it| format!("k{it}: 1\n")).collect::<String>()
    );
    let diagnostics = planned(&text).map(|_| ()).unwrap_err();
    assert_eq!(diagnostics.len(), DIAGNOSTICS_MAX);
    let last = diagnostics.iter().last().and_then(|it| it.help.clone()).unwrap_or_default();
    assert!(last.contains("more are not shown"), "{last}");
}

#[test]
fn expressions_do_not_multiply_without_end() {
    let doubling = ".map(x, x + x)".repeat(28);
    let text = format!("jobs: {{ a: {{ steps: [{{ run: x, env: {{ A: \"${{{{ ['a']{doubling} }}}}\" }} }}] }} }}\n");
    assert!(mistakes(&text)[0].contains("units of work"), "{:?}", mistakes(&text));
}

#[test]
fn cells_and_environments_do_not_multiply_without_end() {
    let env: String = (0..20_000).map(|it| format!("  K{it}: x\n")).collect();
    let steps = "      - run: x\n".repeat(100);
    let text = format!("env:\n{env}jobs:\n  a:\n    steps:\n{steps}");
    assert!(mistakes(&text)[0].contains("too-large with this job the plan takes more than"));
}

#[test]
fn expressions_of_a_plan_have_an_end_together() {
    let large = vec!["x"; 50_000].join(", ");
    let inputs = format!("on: {{ manual: {{ inputs: {{ a: {{ default: '{large}' }} }} }} }}\n");
    let env: String = (0..5_000).map(|it| format!("  K{it}: \"${{{{ size(inputs.a) }}}}\"\n")).collect();
    let text = format!("{inputs}env:\n{env}jobs: {{ a: {{ steps: [{{ run: x }}] }} }}\n");
    assert!(mistakes(&text)[0].contains("too-costly"), "{:?}", mistakes(&text).first());
}

/// Pieces of pipeline files, so that texts get past the first line.
fn piece() -> impl Strategy<Value = String> {
    let words = [
        "jobs:",
        "steps:",
        "- ",
        "run: x",
        "uses: cargo",
        "with:",
        "if: ",
        "${{ ",
        " }}",
        "a",
        "b",
        "needs.a.outputs",
        "\n",
        "\n  ",
        "\n    ",
        "\n      ",
        "{",
        "}",
        "[",
        "]",
        ":",
        ": ",
        ", ",
        "'",
        "\"",
        "&a ",
        "*a",
        "!!str ",
        "|\n",
        ">-\n",
        "#",
        "---\n",
        "matrix:",
        "strategy:",
        "include:",
        "env:",
        "1",
        "true",
        "~",
        "é",
        "\u{feff}",
        "\t",
        "grants:",
        "exec:",
        "plugins:",
        "deploy:",
        "on:",
        "always()",
        "x.map(y, y)",
        "size(",
        "\\",
        "%YAML 1.2\n",
        "<<: *a",
        "timeout: 1h",
        "retry: 3",
        "inputs:",
    ];
    prop_oneof![
        4 => prop::sample::select(words.to_vec()).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ]
}

fn try_all(text: &str) {
    let source = source(text);
    let _ = references(&source);
    match plan(&source, &catalog(), &Params::default()) {
        Ok(planned) => drop(planned.warnings.render(&source, true)),
        Err(diagnostics) => {
            assert!(!diagnostics.is_empty());
            assert!(!diagnostics.render(&source, true).is_empty());
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_panic(text in any::<String>()) {
        try_all(&text);
    }

    #[test]
    fn no_pieces_make_a_panic(pieces in prop::collection::vec(piece(), 0..60)) {
        try_all(&pieces.concat());
    }

    #[test]
    fn no_expression_makes_a_panic(expression in "[a-z0-9.'\"()\\[\\]{}?:,+*/%!&|<>= \\\\-]{0,40}") {
        let quoted = serde_json::to_string(&format!("${{{{ {expression} }}}}")).unwrap_or_default();
        try_all(&format!("jobs: {{ a: {{ steps: [{{ run: x, env: {{ A: {quoted} }} }}] }} }}\n"));
    }

    #[test]
    fn no_known_expression_makes_a_panic(parts in prop::collection::vec(prop_oneof![
        Just("event"), Just("inputs"), Just("size("), Just("string("), Just("int("), Just("timestamp("), Just("duration("),
        Just("'1h'"), Just("'x'"), Just("-9223372036854775808"), Just("9223372036854775807"), Just("-1"), Just("1u"), Just("1.5"), Just("["), Just("]"),
        Just("("), Just(")"), Just("."), Just("+"), Just("-"), Just("*"), Just("/"), Just("%"), Just(","), Just("{'a':1}"), Just(".matches("),
        Just(".map(x,"), Just(".all(x,"), Just("x"), Just("=="), Just("<"), Just("in"), Just(" "), Just("?"), Just(":"), Just("[0]"), Just("null"),
        Just("type("), Just("bytes("), Just(".getHours("), Just("double("), Just("uint("), Just("dyn("),
    ], 0..14)) {
        let quoted = serde_json::to_string(&format!("${{{{ {} }}}}", parts.concat())).unwrap_or_default();
        try_all(&format!("jobs: {{ a: {{ steps: [{{ run: x, env: {{ A: {quoted} }} }}] }} }}\n"));
    }
}

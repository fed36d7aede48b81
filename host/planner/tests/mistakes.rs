//! Every sort of mistake, alone: its place and its words. The remedy is in the golden renderings.

mod common;

use std::collections::BTreeMap;

use common::{mistakes, planned, planned_with, source};
use lockgate_planner::{Params, Severity};
use serde_json::json;

const PLUGINS: &str = "plugins:
  cargo: registry.example/lockgate/cargo:0.1
  junit: registry.example/lockgate/junit:0.1
  secrets: registry.example/lockgate/secrets:0.1
  gate: registry.example/lockgate/gate:0.1
  canary: registry.example/lockgate/canary:0.1
";

/// The errors of a file, each as `line:column code message`. Warnings of unused plugins are not looked at.
fn check(text: &str, expected: &[&str]) {
    let found: Vec<String> = mistakes(text).into_iter().filter(|it| !it.contains("unused-plugin")).collect();
    assert_eq!(found, expected, "{text}");
}

/// The same for one step's lines, in a file whose lines 1 to 6 are the plugins and whose step begins in line 10.
fn check_step(step: &str, expected: &[&str]) {
    let step = step.replace('\n', "\n        ");
    check(&format!("{PLUGINS}jobs:\n  a:\n    steps:\n      - {step}\n"), expected);
}

#[test]
fn files_that_are_none() {
    check("", &["1:1 empty the file is empty"]);
    check("# nothing\n", &["1:1 empty the file is empty"]);
    check("- a\n", &["1:1 wrong-type a pipeline is a map, and this is a list"]);
    check("name: x\n", &["1:1 missing-key a pipeline has no `jobs`"]);
    check("jobs:\n", &["1:1 missing-key a pipeline has no `jobs`"]);
    check("a: 1\n---\nb: 2\n", &["2:1 several-documents a pipeline file holds one document"]);
    check("jobs: !wild {}\n", &["1:7 tag the tag `!wild` means nothing here"]);
    check("? [a]\n: b\n", &["1:3 complex-key a key is a word, and this is a list"]);
}

#[test]
fn text_that_is_not_yaml() {
    for text in ["a: [", "a: 'b", "a:\n\t- b: c\n  - d", "a: b: c", "%", "a: *b"] {
        let found = mistakes(text);
        assert!(found.len() == 1 && found[0].contains(" yaml "), "{text:?}: {found:?}");
    }
}

#[test]
fn keys() {
    check(
        "jobs:\n  a: { steps: [{ run: x }] }\n  a: { steps: [{ run: y }] }\n",
        &["3:3 duplicate-key the key `a` stands here a second time"],
    );
    check("job: 1\njobs: { a: { steps: [{ run: x }] } }\n", &["1:1 unknown-key a pipeline has no key `job`"]);
    check_step("run: x\nruns: y", &["11:9 unknown-key a step has no key `runs`"]);
    check(
        "jobs: { 9a: { steps: [{ run: x }] } }\n",
        &["1:9 invalid-name `9a` is not a job id (a letter or _, then letters, digits, -, _ or .)"],
    );
    check("jobs: { a: { name: x } }\n", &["1:9 missing-key the job `a` has no steps"]);
    check("jobs: { a: { steps: [] } }\n", &["1:9 missing-key the job `a` has no steps"]);
}

#[test]
fn types() {
    check_step("run: 5", &["10:14 wrong-type a string is expected here, and this is a number"]);
    check_step(
        "run: x\ntimeout: 1y",
        &["11:18 wrong-duration a duration is expected here: numbers with units, up to a year"],
    );
    check_step("run: x\nretry: 0", &["11:16 wrong-number a whole number from 1 is expected here"]);
    check_step("run: x\nretry: { max: 11 }", &["11:23 wrong-number a step is tried 10 times at the most"]);
    check_step("run: x\nretry: { on: al }", &["11:22 unknown-word `al` is no cause of a retry"]);
    check_step("run: x\neffect: twice", &["11:17 unknown-word `twice` is no effect"]);
    check_step(
        "run: x\nenv: { A: [1], 9: x }",
        &[
            "11:19 wrong-type a string, number or boolean is expected here, and this is a list",
            "11:24 invalid-name `9` is no name of an environment variable",
        ],
    );
}

#[test]
fn actions() {
    check_step("name: x", &["10:9 step-action the step does nothing: it has none of `uses`, `run` and `deploy`"]);
    check_step("run: x\nuses: gate", &["10:14 step-action a step has exactly one of `uses`, `run` and `deploy`"]);
    check_step("uses: gate\nshell: sh", &["11:16 step-action `shell` belongs to `run`"]);
    check_step("run: x\nwith: { a: 1 }", &["11:15 step-action `with` configures a plugin, and `run` has none"]);
    check_step("uses: gaet", &["10:15 unknown-plugin there is no plugin `gaet` under `plugins:`"]);
    check_step("uses: canary", &["10:15 wrong-kind `canary` is a plugin of kind deploy-strategy"]);
    check_step("run: ''", &["10:14 empty-script the script is empty"]);
    check_step("deploy: { environment: x, release: r }", &["10:32 unknown-environment there is no environment `x`"]);
}

#[test]
fn plugins() {
    let with = |plugins: &str| format!("plugins: {{ {plugins} }}\njobs: {{ a: {{ steps: [{{ run: x }}] }} }}\n");
    check(&with("nope: registry.example/x:1"), &["1:18 not-locked the plugin `nope` is not in lockgate.lock"]);
    check(
        &with("gate: registry.example/other:1"),
        &["1:18 not-locked lockgate.lock pins `gate` as `registry.example/lockgate/gate:0.1`"],
    );
    check(&with("run: registry.example/x:1"), &["1:12 invalid-name `run` is the name of the host's own shell plugin"]);
}

#[test]
fn configuration() {
    check_step("uses: cargo\ngrants: { exec: [cargo] }", &["10:15 wrong-config `cargo`: the key `command` is missing"]);
    check_step(
        "uses: cargo\ngrants: { exec: [cargo] }\nwith:\n  comand: test\n  command: test\n  jobs: many",
        &[
            "13:11 wrong-config `cargo`: unknown key `comand`; did you mean `command`?",
            "15:17 wrong-config `cargo`: \"many\" is not of type \"integer\"",
        ],
    );
    check_step(
        "uses: gate\nwith: { tests: { failed: x } }",
        &["11:34 wrong-config `gate`: \"x\" is not of type \"integer\""],
    );
    check_step(
        "uses: junit",
        &["10:15 missing-files `junit` is a test-reporter: it has to be told which files to read"],
    );
    check_step("uses: junit\nwith: { files: [a, 1] }", &["11:24 wrong-type `files` is a glob or a list of globs"]);
    check_step(
        "uses: junit\nwith: { files: /etc/passwd }",
        &["11:24 wrong-path `/etc/passwd` is no path inside the workspace"],
    );
    check_step(
        "uses: junit\nwith: { files: 'a{' }",
        &["11:24 wrong-glob `a{` is no glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)"],
    );
}

#[test]
fn open_configuration_is_checked_as_far_as_it_is_known() {
    let check_with = |with: &str, expected: &[&str]| {
        let steps = format!("      - {{ id: one, run: x }}\n      - uses: gate\n        with: {with}\n");
        check(&format!("{PLUGINS}jobs:\n  a:\n    steps:\n{steps}"), expected);
    };
    check_with(
        "{ tests: { failed: \"${{ steps.one.outputs.n }}\", more: 1 } }",
        &["12:64 wrong-config `gate`: unknown key `more`; one of `failed`"],
    );
    check_with(
        "{ tests: 5, findings: \"${{ steps.one.outputs }}\" }",
        &["12:24 wrong-config `gate`: 5 is not of type \"object\""],
    );
}

/// Line, column, code and message of the warnings of a step that may be run, but those of unused plugins.
fn check_warnings(step: &str, expected: &[&str]) {
    let step = step.replace('\n', "\n        ");
    let result = planned(&format!("{PLUGINS}jobs:\n  a:\n    steps:\n      - {step}\n"));
    let warnings = result.map(|planned| planned.warnings).unwrap_or_else(|errors| panic!("{errors}"));
    let warnings = warnings.iter().filter(|it| it.code != "unused-plugin");
    let found: Vec<_> = warnings.map(|it| format!("{}:{} {} {}", it.line, it.column, it.code, it.message)).collect();
    assert_eq!(found, expected, "{step}");
}

#[test]
fn grants_of_every_sort_are_carried_out() {
    check_warnings(
        "uses: cargo\nwith: { command: test }\ngrants: { exec: [cargo test **], http: ['*.example', 'http://a.example'], read: [src], write: [] }",
        &[],
    );
}

#[test]
fn ways_that_a_secret_may_take_are_told() {
    check_warnings(
        "run: x\ngrants: { secrets: [key], expose: token, http: ['*.example', 'http://a.example', 'http://127.0.0.1:80', api.example] }",
        &[
            "11:43 exposed-secret native tools of this step see the value of `token`; the run marks it as exposed",
            "11:57 wide-host the step has secrets, and every name below `example` may be sent them",
            "11:70 plain-http the step has secrets, and what it sends to `a.example` travels in the clear",
        ],
    );
    check_warnings(
        "run: x\ngrants: { expose: [a], http: 'http://localhost:80' }",
        &["11:28 exposed-secret native tools of this step see the value of `a`; the run marks it as exposed"],
    );
}

#[test]
fn grants_become_rules_and_know_their_line() {
    let step = |grants: &str| {
        let text = format!("jobs:\n  a:\n    steps:\n      - run: x\n{grants}");
        planned(&text).unwrap_or_else(|it| panic!("{it}")).plan.jobs[0].steps[0].clone()
    };
    let found = step(
        "        # grants: of this step\n        grants:\n          # more\n          exec: [\"cargo  test **\", cargo test **, sh]\n          http: ['https://API.example:443/', api.example]\n          read: src/**\n          write: []\n          expose: key\n",
    );
    assert_eq!(
        json!(found.grants),
        json!({"exec": ["cargo test **", "sh"], "http": ["api.example"], "read": ["src/**"], "write": [], "expose": ["key"]})
    );
    assert_eq!((found.line, found.grants_line), (4, Some(6)));
    let found = step("");
    assert_eq!((json!(found.grants), found.grants_line), (json!({"exec": ["sh"]}), None));
}

#[test]
fn grants() {
    check_step(
        "uses: cargo\nwith: { command: test }",
        &["10:15 missing-grant `cargo` asks for `exec: cargo` and is not granted it: its work"],
    );
    check_step("run: x\ngrants: { exec: [crago] }", &["11:26 unknown-tool this host knows no tool `crago`"]);
    check_step(
        "uses: cargo\nwith: { command: test }\ngrants: { exec: [crago] }",
        &["12:26 unknown-tool this host knows no tool `crago`"],
    );
    check_step(
        "uses: cargo\nwith: { command: test }\ngrants: { exec: [sh] }",
        &["12:17 missing-grant `cargo` asks for `exec: cargo` and is not granted it: its work"],
    );
    check_step("run: x\nshell: zsh", &["11:16 unknown-tool this host knows no tool `zsh`"]);
    check_step("run: x\ngrants: { exec: crago build }", &["11:25 unknown-tool this host knows no tool `crago`"]);
    check_step("run: x\ngrants: { exec: ['/bin/sh -c'] }", &["11:26 unknown-tool this host knows no tool `/bin/sh`"]);
    check_step("run: x\ngrants: { exec: ['cargo [a'] }", &["11:26 wrong-glob `[a` is no glob for an argument"]);
    check_step(
        "run: x\ngrants: { http: ['registry.example', 'ftp://registry.example'] }",
        &[
            "11:46 wrong-host `ftp://registry.example` is no grant for requests: its scheme is neither `http` nor `https`; write `[METHODS ][http://]HOST[:PORT][/PATH][@NETWORK]`",
        ],
    );
    check_step(
        "run: x\ngrants: { scratch: [../up, 'a*'], secrets: 'a b', expose: 9x, read: /etc, write: 'a[' }",
        &[
            "11:29 wrong-path `../up` is no path inside the workspace",
            "11:36 wrong-path `a*`: scratch names folders, not globs",
            "11:52 invalid-name `a b` is no name of a secret",
            "11:67 invalid-name `9x` is no name of a secret",
            "11:77 wrong-path `/etc` is no path inside the workspace",
            "11:90 wrong-glob `a[` is no glob: unclosed character class; missing ']'",
        ],
    );
    check_step(
        "run: x\ngrants: { http: \"${{ inputs.host }}\" }",
        &["11:30 unknown-name `inputs` is not known at this place"],
    );
}

#[test]
fn expressions() {
    check_step(
        "run: echo ${{ event.branch }}",
        &["10:19 expression-in-script `${{ }}` in a script would splice a value into code"],
    );
    check_step(
        "run: |\n  a\n  echo ${{ event.branch }}",
        &["12:16 expression-in-script `${{ }}` in a script would splice a value into code"],
    );
    check_step(
        "run: x\nif: event.branch = 'x'",
        &["11:26 expression the expression cannot be read: token recognition error at: '= '"],
    );
    check_step(
        "run: x\nif: \"a ${{ true }}\"",
        &["11:13 expression a condition is one expression, without text beside it"],
    );
    check_step(
        "run: x\nif: event.branch",
        &[
            "11:13 expression the condition `event.branch` gives a string, and a condition gives true or false; compare it with something",
        ],
    );
    check_step(
        "run: x\nenv: { A: \"${{ 1 / 0 }}\" }",
        &["11:23 expression the expression `1 / 0` cannot be evaluated: it divides by zero"],
    );
    check_step("run: x\nenv: { A: \"x ${{ 1\" }", &["11:22 expression this `${{` has no `}}`"]);
    check_step(
        "run: x\nenv: { A: \"${{ success() }}\" }",
        &["11:24 unknown-name `success()` can only be asked in an `if:`"],
    );
    check_step(
        "run: x\nenv: { A: \"${{ steps.later.outputs.x }}\" }",
        &["11:24 unknown-name `steps.later`: no earlier step of this job has that id"],
    );
}

#[test]
fn matrices() {
    let with = |matrix: &str| format!("jobs:\n  a:\n    strategy: {{ matrix: {matrix} }}\n    steps: [{{ run: x }}]\n");
    let many: Vec<u32> = (0..17).collect();
    check(&with("{}"), &["3:25 empty-matrix the matrix has no cells, so that its job would never run"]);
    check(&with("{ os: [] }"), &["3:27 empty-matrix the axis `os` has no values, so that the job would never run"]);
    check(
        &with("{ os: [l], exclude: [{ os: l }] }"),
        &["3:25 empty-matrix the matrix has no cells, so that its job would never run"],
    );
    check(&with("{ os: [l], exclude: [{ so: l }] }"), &["3:48 unknown-axis the matrix has no axis `so`"]);
    check(&with("{ os: [l, l] }"), &["3:25 duplicate-cell two cells of the matrix are the same: {\"os\":\"l\"}"]);
    check(&with("{ os: [1, '1'] }"), &["3:25 duplicate-cell two cells of the matrix have the same name: a[os=1]"]);
    check(
        &with("{ os: \"${{ 'l' }}\" }"),
        &["3:31 wrong-type an axis is a list of values, or an expression that gives one"],
    );
    check(&with(&format!("{{ a: {many:?}, b: {many:?} }}")), &["3:25 too-large the matrix has more than 256 cells"]);
    check(&with("{ os: \"${{ matrix.x }}\" }"), &["3:36 unknown-name `matrix` is not known at this place"]);
}

#[test]
fn a_wrong_matrix_is_told_once() {
    check(
        &format!(
            "{PLUGINS}jobs:\n  a:\n    name: for ${{{{ matrix.os }}}}\n    strategy: {{ matrix: {{ os: [] }} }}\n    steps:\n      - uses: cargo\n        \
             if: matrix.os == 'l'\n        with: {{ command: \"${{{{ matrix.os }}}}\" }}\n        grants: {{ exec: \"${{{{ matrix.os }}}}\" }}\n"
        ),
        &["10:27 empty-matrix the axis `os` has no values, so that the job would never run"],
    );
}

#[test]
fn what_must_be_known_is_told() {
    check_step(
        "uses: junit\nwith: { files: \"${{ event.report }}\" }",
        &["11:24 not-known this must be known when the run is planned, and the event does not say it"],
    );
}

#[test]
fn what_the_event_may_still_say_stays_open() {
    let text = "jobs: { a: { if: event.draft == false, steps: [{ run: x, env: { A: '${{ event.title }}' } }] } }\n";
    let plan = planned(text).unwrap_or_else(|it| panic!("{it}")).plan;
    assert_eq!(
        json!(plan.jobs[0].condition),
        json!({"expression": {"source": "event.draft == false", "status": false}})
    );
    assert_eq!(json!(plan.jobs[0].steps[0].env), json!({"A": {"text": [{"expression": "event.title"}]}}));
}

#[test]
fn graphs() {
    let jobs = |jobs: &[(&str, &str)]| {
        let job = |(id, needs): &(&str, &str)| format!("  {id}: {{ needs: [{needs}], steps: [{{ run: x }}] }}\n");
        format!("jobs:\n{}", jobs.iter().map(job).collect::<String>())
    };
    check(
        &jobs(&[("a", "b"), ("b", "c"), ("c", "a")]),
        &["2:16 cycle jobs need each other in a circle: a -> b -> c -> a"],
    );
    check(&jobs(&[("a", "a")]), &["2:16 cycle jobs need each other in a circle: a -> a"]);
    check(&jobs(&[("a", "d")]), &["2:16 unknown-job there is no job `d`"]);
}

#[test]
fn identities() {
    check(
        "jobs:\n  a:\n    steps:\n      - { id: x, run: a }\n      - { id: x, run: b }\n      - { id: step-4, run: c }\n      - run: d\n",
        &[
            "5:15 duplicate-id another step of this job has the id `x`",
            "7:9 duplicate-id another step of this job has the id `step-4`",
        ],
    );
}

#[test]
fn environments_and_triggers() {
    check(
        &format!(
            "on: {{ schedule: 0 3 * * }}\n{PLUGINS}environments:\n  p:\n    target: local\n    strategy: {{ uses: gate }}\n    approvals: {{ by: [] }}\n  q: {{}}\njobs: {{ a: {{ steps: [{{ run: x }}] }} }}\n"
        ),
        &[
            "1:17 wrong-schedule a schedule has five fields, and this has 4",
            "10:13 approvals nobody may approve, so that nothing would ever be deployed",
            "11:23 wrong-kind `gate` is a plugin of kind quality-gate",
            "13:6 missing-key an environment has no `target`",
        ],
    );
}

const INPUTS: &str = "on:
  manual:
    inputs:
      text: { default: x }
      count: { type: number, required: true }
      fast: { type: boolean, default: false }
      level: { type: choice, options: [patch, minor], default: patch }
jobs: { a: { steps: [{ run: x }] } }
";

fn check_inputs(given: &[(&str, &str)], expected: Result<serde_json::Value, &[&str]>) {
    let inputs: BTreeMap<_, _> = given.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let found = planned_with(INPUTS, &Params { inputs, event: json!({}) });
    let found = found.map(|it| json!(it.plan.inputs)).map_err(|it| {
        it.iter().map(|it| format!("{}:{} {} {}", it.line, it.column, it.code, it.message)).collect::<Vec<_>>()
    });
    assert_eq!(found, expected.map_err(|it| it.iter().map(ToString::to_string).collect()), "{given:?}");
}

#[test]
fn inputs_are_read_as_their_type() {
    check_inputs(&[("count", "3")], Ok(json!({"text": "x", "count": 3, "fast": false, "level": "patch"})));
    check_inputs(
        &[("count", "1.5"), ("text", "7"), ("fast", "true"), ("level", "minor")],
        Ok(json!({"text": "7", "count": 1.5, "fast": true, "level": "minor"})),
    );
}

#[test]
fn inputs_that_do_not_fit_are_told() {
    check_inputs(&[], Err(&["5:7 missing-input the run needs the input `count`"]));
    check_inputs(
        &[("count", "many"), ("fast", "yes"), ("level", "mino"), ("txet", "x")],
        Err(&[
            "4:7 undeclared-input the run is given the input `txet`, which the pipeline does not declare",
            "5:7 wrong-input the input `count` as given: a number is expected, and this is the string `many`",
            "6:7 wrong-input the input `fast` as given: `true` or `false` is expected, and this is the string `yes`",
            "7:7 wrong-input the input `level` as given: `mino` is none of `patch`, `minor`; did you mean `minor`?",
        ]),
    );
}

#[test]
fn a_missing_grant_that_is_no_tool_is_a_warning() {
    let text = "plugins: { fetch: registry.example/lockgate/fetch:0.1 }\njobs: { a: { steps: [{ uses: fetch }] } }\n";
    let warnings = planned(text).unwrap().warnings;
    let found: Vec<_> = warnings.iter().map(|it| (it.severity, it.code, it.help.as_deref())).collect();
    assert_eq!(found, [(Severity::Warning, "missing-grant", Some("add `grants: { http: [HOST] }`"))]);
}

#[test]
fn booleans_of_yaml_1_1_are_words() {
    let text = "name: on\njobs: { yes: { steps: [{ run: x, env: { A: off, B: 1.10, C: true, D: 0x10 } }] } }\n";
    let plan = planned(text).unwrap_or_else(|it| panic!("{}", it.render(&source(text), false))).plan;
    assert_eq!((plan.name.as_str(), plan.jobs[0].id.as_str()), ("on", "yes"));
    let env = serde_json::to_value(&plan.jobs[0].steps[0].env).unwrap();
    assert_eq!(
        env,
        json!({"A": {"literal": "off"}, "B": {"literal": "1.10"}, "C": {"literal": "true"}, "D": {"literal": "0x10"}})
    );
}

//! `grants suggest`: pasted into the pipeline, the same run passes; with less, it is refused.

use lockgate_tests::{Loopback, Project};

/// `GRANTS STEP` stands where a step's grants belong.
const PIPELINE: &str = "\
name: granted
plugins:
  errand: registry.example/guests/errand:0.1
  exec: registry.example/lockgate/exec:0.1
jobs:
  world:
    steps:
      - id: ask
        uses: errand
        with:
          tasks:
            - time: {}
            - { read: src/notes }
            - { write: { path: made, text: hello } }
            - { get: \"http://SERVER/v1/x\" }
GRANTS ask
      - id: run
        uses: exec
        with: { argv: [sh, -c, \"cat made > copy\"] }
GRANTS run
      - id: shell
        run: \"cat copy src/notes > both\"
GRANTS shell
";

const GENEROUS: [(&str, &str); 3] = [
    ("ask", "grants: { http: [\"http://SERVER\"], clock: true, random: true, exec: [git] }"),
    ("run", "grants: { exec: [sh, git] }"),
    ("shell", "grants: {}"),
];

struct Granted {
    project: Project,
    server: Loopback,
}

impl Granted {
    fn with(grants: &[(String, String)]) -> Self {
        let server = Loopback::start();
        let project = Project::with("name: none\njobs: { none: { steps: [{ run: \"true\" }] } }\n", &["errand"]);
        project.write("src/notes", "what the steps read\n");
        let granted = Self { project, server };
        granted.paste(grants);
        granted.project.lockgate(&["lock"]).expect_code(0);
        granted
    }

    /// Writes the pipeline with these grants; gives its text.
    fn paste(&self, grants: &[(String, String)]) -> String {
        let mut text = PIPELINE.to_owned();
        for (step, grants) in grants {
            let indented: Vec<String> = grants.lines().map(|line| format!("        {line}")).collect();
            text = text.replace(&format!("GRANTS {step}\n"), &(indented.join("\n") + "\n"));
        }
        let text = text.replace("SERVER", &self.server.address());
        assert!(!text.contains("GRANTS"), "{text}");
        self.project.write("lockgate.yaml", &text);
        text
    }

    /// What is suggested for each step.
    fn suggested(&self) -> Vec<(String, String)> {
        let ended = self.project.lockgate(&["grants", "suggest", "latest"]);
        let mut found: Vec<(String, String)> = Vec::new();
        for line in ended.expect_code(0).stdout.lines() {
            let step = line.strip_prefix("# world/").and_then(|rest| rest.split(' ').next());
            match (step, found.last_mut()) {
                (Some(step), _) => found.push((step.to_owned(), String::new())),
                (None, Some((_, text))) => text.extend([line, "\n"]),
                (None, None) => panic!("{line}"),
            }
        }
        found
    }
}

fn generous() -> Vec<(String, String)> {
    GENEROUS.map(|(step, grants)| (step.to_owned(), grants.to_owned())).to_vec()
}

fn of<'a>(suggested: &'a [(String, String)], step: &str) -> &'a str {
    &suggested.iter().find(|(name, _)| name == step).expect("it is suggested").1
}

#[test]
fn what_is_suggested_is_least_and_enough() {
    let granted = Granted::with(&generous());
    granted.project.lockgate(&["run"]).expect_code(0);
    let suggested = granted.suggested();
    let ask = of(&suggested, "ask");
    for part in ["clock: true", "/v1/x\"", "read: [", "src/notes", "write: [\"made\"]"] {
        assert!(ask.contains(part), "`{part}` is not in\n{ask}");
    }
    assert!(!ask.contains("random") && !ask.contains("git"), "{ask}");
    assert!(of(&suggested, "run").contains("exec: [\"sh -c"), "{suggested:#?}");
    granted.paste(&suggested);
    granted.project.lockgate(&["cache", "prune", "--keep", "0"]).expect_code(0);
    granted.project.lockgate(&["run"]).expect_code(0);
    let again = granted.suggested();
    assert_eq!(again, suggested, "what needs no more is suggested again");
}

/// A run in which one step had less than was suggested for it.
struct Narrowed {
    step: String,
    pipeline: String,
    calls: String,
    server: Loopback,
}

fn narrowed(step: &str, old: &str, new: &str) -> Narrowed {
    let granted = Granted::with(&generous());
    granted.project.lockgate(&["run"]).expect_code(0);
    let mut suggested = granted.suggested();
    let grants = suggested.iter_mut().find(|(name, _)| name == step).expect("it is suggested");
    assert_eq!(grants.1.matches(old).count(), 1, "`{old}` stands once in\n{}", grants.1);
    grants.1 = grants.1.replace(old, new);
    let pipeline = granted.paste(&suggested);
    granted.project.lockgate(&["cache", "prune", "--keep", "0"]).expect_code(0);
    // Whether it passes is the plugin's matter: one gives the refusal back, another fails.
    let ended = granted.project.lockgate(&["run"]);
    assert!(ended.code == 0 || ended.code == 1, "{ended:?}");
    let calls = granted.project.lockgate(&["journal", "latest", step, "--json"]).stdout;
    Narrowed { step: step.to_owned(), pipeline, calls, server: granted.server }
}

impl Narrowed {
    /// Insists that a step was told which grant is missing.
    fn misses(&self, grant: &str) -> &Self {
        let grant = grant.replace("SERVER", &self.server.address());
        assert!(self.calls.contains(&grant), "`{grant}` is not in\n{}", self.calls);
        self
    }

    /// Insists that it was told a line of its own in the pipeline, where the grant would stand.
    fn at_its_line(&self) {
        let place = self.calls.split("lockgate.yaml:").nth(1).unwrap_or_else(|| panic!("no place in\n{}", self.calls));
        let line: usize = place.chars().take_while(char::is_ascii_digit).collect::<String>().parse().expect("a line");
        let id = format!("id: {}", self.step);
        let begin = self.pipeline.lines().position(|line| line.contains(&id)).expect("the step") + 1;
        let next = self.pipeline.lines().skip(begin).position(|line| line.contains("- id: "));
        let end = next.map_or(usize::MAX, |at| begin + at);
        assert!((begin..=end).contains(&line), "{line} is not in {begin} to {end} of\n{}", self.pipeline);
    }
}

#[test]
fn a_narrower_request_is_refused() {
    narrowed("ask", "/v1/x\"", "/v2\"").misses("http: [GET http://SERVER/v1/x]").at_its_line();
}

#[test]
fn a_narrower_command_is_refused() {
    narrowed("run", "exec: [\"sh -c", "exec: [\"sh -x").misses("exec: [sh -c").at_its_line();
}

#[test]
fn a_narrower_read_is_refused() {
    narrowed("ask", "src/notes", "src/other").misses("read: [src/notes]").at_its_line();
}

#[test]
fn a_narrower_write_is_refused() {
    narrowed("ask", "write: [\"made\"]", "write: []").misses("write: [made]").at_its_line();
}

/// What a command changed is known only when it has ended; then it is said what to add.
#[test]
fn a_narrower_write_of_a_command_is_refused() {
    narrowed("run", "write: [\"**\"]", "write: [\"other\"]").misses("write: [copy]").at_its_line();
}

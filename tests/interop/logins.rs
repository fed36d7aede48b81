//! Logins that other programs have written are used here.

use lockgate_tests::programs::{ORAS, Program, SKOPEO};

use crate::world::{World, component, with_each_closed_registry};

#[test]
fn nobody_comes_in_without_a_login() {
    with_each_closed_registry(&[], |world| {
        let component = component();
        let pushed = world.lockgate(&["plugin", "push", component.to_str().expect("a path"), &world.reference()]);
        assert_ne!(pushed.code, 0, "{}", pushed.stdout);
        pushed.expect_text(&world.registry.address()).expect_text("login");
    });
}

#[test]
fn a_login_of_oras_in_dockers_file_is_used() {
    check(&ORAS, &["login", "--plain-http"], "home/.docker/config.json");
}

#[test]
fn a_login_of_skopeo_in_podmans_file_is_used() {
    check(&SKOPEO, &["login", "--tls-verify=false"], "home/run/containers/auth.json");
}

fn check(program: &'static Program, command: &[&str], file: &str) {
    with_each_closed_registry(&[program], |world| {
        log_in(world, program, command);
        assert!(world.project.path(file).is_file(), "the login is not in {file}");
        world.push();
        world.expect_pulled();
        world.expect_runs();
    });
}

/// Has a program log in, with its own command, and write that down where it does.
pub(crate) fn log_in(world: &World, program: &Program, command: &[&str]) {
    let login = world.registry.login();
    let address = world.registry.address();
    let arguments = [command, &["--username", &login.user, "--password-stdin", &address]].concat();
    world.run_with(program, &arguments, &login.password);
}

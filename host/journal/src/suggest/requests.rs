//! Requests that were sent, as rules.

use std::collections::{BTreeMap, BTreeSet};

use lockgate_model::grant::{HttpRule, Scheme};

/// A request of the plugin, or a connection of a native tool.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Request {
    place: Place,
    /// Method, and path without query; none for a native tool, which needs the host whole.
    detail: Option<(String, String)>,
}

/// Whom it went to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    scheme: Scheme,
    host: String,
    port: u16,
}

impl Place {
    fn new(scheme: Scheme, host: &str, port: u16) -> Self {
        let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
        Self { scheme, host, port }
    }
}

impl Request {
    /// A request to an absolute URL; nothing where it is none.
    pub(super) fn of_url(method: &str, url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let scheme = [Scheme::Http, Scheme::Https].into_iter().find(|it| it.name().eq_ignore_ascii_case(scheme))?;
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let end_of_host = authority.rfind(']').map_or(0, |at| at + 1);
        let (host, port) = match authority[end_of_host..].rfind(':').map(|at| at + end_of_host) {
            Some(colon) => (&authority[..colon], authority[colon + 1..].parse().ok()?),
            None => (authority, scheme.port()),
        };
        let detail = Some((method.to_owned(), path.to_owned()));
        Some(Self { place: Place::new(scheme, host, port), detail })
    }

    /// A connection of a native tool.
    pub(super) fn to_host(scheme: Scheme, host: &str, port: u16) -> Self {
        Self { place: Place::new(scheme, host, port), detail: None }
    }
}

/// Rules that allow all of these requests. `current` says where names may lead that are no public ones: what a person
/// has allowed there stays.
pub(super) fn rules(requests: &BTreeSet<Request>, current: &[&HttpRule]) -> Vec<HttpRule> {
    let mut by_place: BTreeMap<&Place, Vec<Option<(&str, &str)>>> = BTreeMap::new();
    for request in requests {
        let detail = request.detail.as_ref().map(|(method, path)| (method.as_str(), path.as_str()));
        by_place.entry(&request.place).or_default().push(detail);
    }
    by_place.iter().flat_map(|(place, details)| of_place(place, details, current)).collect()
}

fn of_place(place: &Place, details: &[Option<(&str, &str)>], current: &[&HttpRule]) -> Vec<HttpRule> {
    let named = |rule: &&&HttpRule| rule.network.is_some() && rule.reaches(place.scheme, &place.host, place.port);
    let whole = HttpRule {
        methods: Vec::new(),
        scheme: place.scheme,
        host: place.host.clone(),
        port: place.port,
        path: "/".to_owned(),
        network: current.iter().find(named).and_then(|rule| rule.network),
    };
    // Whatever cannot be written down as a rule cannot be granted: no host is made up for it.
    if !reads_back(&whole) {
        return Vec::new();
    }
    match details.iter().copied().collect::<Option<Vec<_>>>() {
        Some(details) => {
            let prefixes = by_prefix(&details);
            prefixes.iter().map(|(path, methods)| narrowed(&whole, path, methods, &details)).collect()
        }
        None => vec![whole],
    }
}

/// Methods by the folder that all their paths have in common.
fn by_prefix<'a>(details: &[(&'a str, &str)]) -> BTreeMap<String, Vec<&'a str>> {
    let mut paths: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (method, path) in details {
        paths.entry(method).or_default().push(path);
    }
    let mut methods: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (method, paths) in paths {
        methods.entry(common_prefix(&paths)).or_default().push(method);
    }
    methods
}

/// The longest beginning of whole parts that all paths share; `/` where there is none.
fn common_prefix(paths: &[&str]) -> String {
    let Some((first, others)) = paths.split_first() else { return "/".to_owned() };
    let is_shared = |(at, part): &(usize, &str)| others.iter().all(|other| other.split('/').nth(*at) == Some(part));
    let parts: Vec<&str> = first.split('/').enumerate().take_while(is_shared).map(|(_, part)| part).collect();
    let prefix = parts.join("/");
    if prefix.is_empty() { "/".to_owned() } else { prefix }
}

/// The rule with path and methods, as far as they can be written and still allow what was seen.
fn narrowed(whole: &HttpRule, path: &str, methods: &[&str], details: &[(&str, &str)]) -> HttpRule {
    let named: Vec<String> = methods.iter().map(ToString::to_string).collect();
    let allows_all = |rule: &HttpRule| {
        let mut own = details.iter().filter(|(method, _)| methods.contains(method));
        own.all(|(method, path)| rule.allows(method, rule.scheme, &rule.host, rule.port, path))
    };
    let candidates = [named, Vec::new()].into_iter().flat_map(|methods| {
        folders(path).map(move |path| HttpRule { methods: methods.clone(), path: path.to_owned(), ..whole.clone() })
    });
    candidates.into_iter().find(|rule| reads_back(rule) && allows_all(rule)).unwrap_or_else(|| whole.clone())
}

/// The path, the one above it and so on, up to `/`.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| folder(path)).chain(["/"])
}

fn folder(path: &str) -> Option<&str> {
    path.rsplit_once('/').map(|(above, _)| above).filter(|above| !above.is_empty())
}

/// Whether the rule can be written. The beginning of an expression would be read as one by the planner, and a name with
/// a star stands for others.
fn reads_back(rule: &HttpRule) -> bool {
    let text = rule.to_string();
    !text.contains("${{") && !rule.host.contains('*') && text.parse().as_ref() == Ok(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sent: &[&str], current: &[&str], expected: &[&str]) {
        let requests = sent.iter().filter_map(|text| {
            let (method, url) = text.split_once(' ').expect("method and url");
            match method.strip_prefix("tool:") {
                Some(_) => Request::of_url("", url).map(|it| Request { detail: None, ..it }),
                None => Request::of_url(method, url),
            }
        });
        let current: Vec<HttpRule> = current.iter().map(|rule| rule.parse().expect("a rule")).collect();
        let rules = rules(&requests.collect(), &current.iter().collect::<Vec<_>>());
        assert_eq!(rules.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{sent:?}");
    }

    #[test]
    fn one_request_is_granted_with_method_and_path() {
        check(&["GET https://Api.example./v1/x?q=1#f"], &[], &["GET api.example/v1/x"]);
        check(&["GET http://[::1]:8080"], &[], &["GET http://[::1]:8080"]);
        check(&["POST HTTPS://api.example:8443/"], &[], &["POST api.example:8443"]);
    }

    #[test]
    fn paths_share_whole_parts() {
        check(&["GET https://a.example/v1/x", "GET https://a.example/v1/xy"], &[], &["GET a.example/v1"]);
        check(&["GET https://a.example/v1", "GET https://a.example/v1/x"], &[], &["GET a.example/v1"]);
        check(&["GET https://a.example/v1", "GET https://a.example/v10"], &[], &["GET a.example"]);
    }

    #[test]
    fn methods_of_one_prefix_share_a_rule_and_others_do_not() {
        check(&["GET https://a.example/x", "HEAD https://a.example/x"], &[], &["GET,HEAD a.example/x"]);
        check(&["GET https://a.example/x", "PUT https://a.example/y"], &[], &["GET a.example/x", "PUT a.example/y"]);
    }

    #[test]
    fn a_native_tool_needs_the_host_whole() {
        check(&["tool: https://a.example", "GET https://a.example/x"], &[], &["a.example"]);
        check(&["tool: http://a.example:8080"], &[], &["http://a.example:8080"]);
    }

    #[test]
    fn what_no_rule_can_say_is_widened_as_little_as_can_be() {
        check(&["GET https://a.example/a/../b"], &[], &["GET a.example"]);
        check(&["GET https://a.example/b/@scope/x"], &[], &["GET a.example/b"]);
        check(&["GET https://a.example/a/${{x}}"], &[], &["GET a.example/a"]);
        check(&["M-SEARCH https://a.example/a"], &[], &["a.example/a"]);
        check(&["GET https://a b/x", "GET ftp://a.example/", "GET https://*.example/", "GET a"], &[], &[]);
    }

    #[test]
    fn a_network_that_was_named_stays() {
        let current = ["*.example@10.0.0.0/8", "b.example"];
        check(&["GET https://a.example/x"], &current, &["GET a.example/x@10.0.0.0/8"]);
        check(&["GET https://b.example:8443/x"], &current, &["GET b.example:8443/x"]);
    }
}

//! Which grants allow a request or a tunnel, which grant is missing, and which addresses they admit.

use std::net::IpAddr;

use ipnet::IpNet;
use lockgate_model::grant::{HttpRule, Scheme};
use lockgate_ports::egress::EgressError;

use crate::address::objection;
use crate::target::{Site, Target};

/// The grants that allow something.
#[derive(Debug, Clone)]
pub(crate) struct Permit {
    first: HttpRule,
    others: Vec<HttpRule>,
}

impl Permit {
    /// For a request that can be looked into.
    pub(crate) fn of_request(rules: &[HttpRule], method: &str, target: &Target) -> Result<Self, EgressError> {
        let Target { scheme, site, path, .. } = target;
        let allowing = rules.iter().filter(|rule| rule.allows(method, *scheme, &site.host, site.port, path));
        Self::of(allowing).ok_or_else(|| EgressError::Denied(missing(method, target)))
    }

    /// For a tunnel, which nobody can look into.
    pub(crate) fn of_tunnel(rules: &[HttpRule], site: &Site) -> Result<Self, EgressError> {
        let allowing = rules.iter().filter(|rule| rule.is_whole() && rule.reaches_host(&site.host, site.port));
        Self::of(allowing).ok_or_else(|| EgressError::Denied(missing_tunnel(site)))
    }

    fn of<'a>(mut rules: impl Iterator<Item = &'a HttpRule>) -> Option<Self> {
        Some(Self { first: rules.next()?.clone(), others: rules.cloned().collect() })
    }

    /// The grant under which an address may be connected to; or what the address is.
    pub(crate) fn admit(&self, address: IpAddr) -> Result<&HttpRule, &'static str> {
        let mut rules = std::iter::once(&self.first).chain(&self.others);
        match rules.find(|rule| rule.names_address(address)) {
            Some(rule) => Ok(rule),
            None => objection(address).map_or(Ok(&self.first), Err),
        }
    }

    /// The grant as it would have to be for an address.
    pub(crate) fn widened(&self, address: IpAddr) -> HttpRule {
        HttpRule { network: Some(IpNet::from(address)), ..self.first.clone() }
    }
}

/// A grant that would be enough if it were not narrowed to methods or paths.
pub(crate) fn narrowed<'a>(rules: &'a [HttpRule], site: &Site) -> Option<&'a HttpRule> {
    rules.iter().find(|rule| !rule.is_whole() && rule.reaches_host(&site.host, site.port))
}

/// The least grant that allows a request. Paths and methods that no grant can name are left out.
fn missing(method: &str, target: &Target) -> String {
    let Target { scheme, site, path, .. } = target;
    let rule = |methods: Vec<String>, path: &str| HttpRule { path: path.to_owned(), methods, ..whole(*scheme, site) };
    let least = [
        rule(vec![method.to_owned()], path).to_string(),
        rule(vec![method.to_owned()], "/").to_string(),
        rule(Vec::new(), path).to_string(),
    ];
    let allows = |rule: HttpRule| rule.allows(method, *scheme, &site.host, site.port, path);
    let enough = least.into_iter().find(|text| text.parse().is_ok_and(allows));
    enough.unwrap_or_else(|| whole(*scheme, site).to_string())
}

fn missing_tunnel(site: &Site) -> String {
    let scheme = if site.port == Scheme::Http.port() { Scheme::Http } else { Scheme::Https };
    whole(scheme, site).to_string()
}

fn whole(scheme: Scheme, site: &Site) -> HttpRule {
    let host = site.host.trim_end_matches('.').to_owned();
    HttpRule { methods: Vec::new(), scheme, host, port: site.port, path: "/".to_owned(), network: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(texts: &[&str]) -> Vec<HttpRule> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn check_missing(method: &str, url: &str, expected: &str) {
        let target = Target::of_url(url).unwrap();
        let denied = Permit::of_request(&[], method, &target).unwrap_err();
        assert_eq!(denied, EgressError::Denied(expected.to_owned()));
        let granted = rules(&[expected]);
        assert!(Permit::of_request(&granted, method, &target).is_ok(), "{expected} does not allow {url}");
    }

    #[test]
    fn the_least_grant_is_named_and_would_do() {
        check_missing("GET", "http://api.example:8080/v1?x=1", "GET http://api.example:8080/v1");
        check_missing("POST", "https://api.example./", "POST api.example");
        check_missing("M-SEARCH", "https://api.example/x", "api.example/x");
        check_missing("GET", "https://api.example/a*b", "GET api.example");
        check_missing("GET", "https://api.example/v1/%2fadmin", "GET api.example");
        check_missing("GET", "http://[::1]:81/", "GET http://[::1]:81");
        check_missing("GET", "http://2130706433/", "GET http://127.0.0.1");
    }

    #[test]
    fn a_tunnel_takes_a_whole_grant_of_any_scheme() {
        let site = Site::of_authority("api.example:443").unwrap();
        let narrow = rules(&["GET api.example", "api.example/v1"]);
        let denied = Permit::of_tunnel(&narrow, &site).unwrap_err();
        assert_eq!(denied, EgressError::Denied("api.example".to_owned()));
        assert_eq!(narrowed(&narrow, &site), narrow.first());
        assert!(Permit::of_tunnel(&rules(&["http://api.example:443"]), &site).is_ok());
    }

    #[test]
    fn an_address_is_admitted_by_the_rule_that_names_it_and_by_no_other() {
        let target = Target::of_url("https://vault.example/v1/x").unwrap();
        let granted = rules(&["vault.example/v1", "vault.example@10.1.0.0/16", "other.example@10.2.0.0/16"]);
        let permit = Permit::of_request(&granted, "GET", &target).unwrap();
        assert_eq!(permit.admit("10.1.2.3".parse().unwrap()).unwrap(), &granted[1]);
        assert_eq!(permit.admit("192.0.2.1".parse().unwrap()).unwrap(), &granted[0]);
        assert!(permit.admit("10.2.0.1".parse().unwrap()).unwrap_err().contains("private"));
        assert_eq!(permit.widened("10.2.0.1".parse().unwrap()).to_string(), "vault.example/v1@10.2.0.1/32");
    }
}

//! A broker, names that have the addresses a test gives them, and requests.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use lockgate_egress::{Broker, ProxyLimits, Resolve, Settings};
use lockgate_model::grant::HttpRule;
use lockgate_ports::Cancel;
use lockgate_ports::egress::{Egress as _, EgressError, EgressRequest, EgressResponse};

/// Each name has a list of answers; the last one stays.
#[derive(Default)]
pub(crate) struct Names {
    answers: Mutex<BTreeMap<String, Vec<Vec<IpAddr>>>>,
    asked: AtomicUsize,
}

impl Names {
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Resolve for Names {
    fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        let answers = answers.get_mut(host).ok_or_else(|| io::Error::other("no such name"))?;
        Ok(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
    }
}

pub(crate) struct World {
    pub(crate) broker: Arc<Broker>,
    pub(crate) names: Arc<Names>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn with_proxy(proxy: ProxyLimits) -> Self {
        Self::with(Settings { proxy, ..Settings::default() })
    }

    pub(crate) fn with(settings: Settings) -> Self {
        let names = Arc::new(Names::default());
        let resolver: Arc<dyn Resolve> = Arc::<Names>::clone(&names);
        Self { broker: Broker::new(Settings { resolver, ..settings }).unwrap(), names }
    }

    /// Gives a name an answer for each time that it is asked for.
    pub(crate) fn name(self, host: &str, answers: &[&[&str]]) -> Self {
        let parse = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        self.names.answers.lock().unwrap().insert(host.to_owned(), answers.iter().map(parse).collect());
        self
    }

    pub(crate) fn send(&self, request: EgressRequest) -> Result<EgressResponse, EgressError> {
        self.broker.send(request, &Cancel::default())
    }

    pub(crate) fn get(&self, url: &str, granted: &[&str]) -> Result<EgressResponse, EgressError> {
        self.send(request("GET", url, granted))
    }
}

pub(crate) fn request(method: &str, url: &str, granted: &[&str]) -> EgressRequest {
    EgressRequest {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        rules: rules(granted),
        time_ms: 20_000,
        response_bytes_max: 64 * 1024,
    }
}

pub(crate) fn rules(texts: &[&str]) -> Vec<HttpRule> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

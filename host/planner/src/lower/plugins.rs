//! Aliases of `plugins:` to pinned plugins.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use lockgate_model::call::Kind;
use lockgate_model::catalog::{Catalog, CatalogEntry};
use lockgate_model::ids::PluginAlias;

use crate::config::Schema;
use crate::definition::Pipeline;
use crate::diagnostics::Report;
use crate::source::Spanned;
use crate::suggest;

/// The alias that `run:` stands for in a plan.
pub(crate) const SHELL_ALIAS: &str = "run";

/// A plugin that may be used.
pub(crate) struct Plugin<'a> {
    pub(crate) alias: PluginAlias,
    pub(crate) entry: &'a CatalogEntry,
    pub(crate) schema: Option<Schema<'a>>,
}

/// The plugins of a file.
pub(crate) struct Plugins<'a> {
    /// Everything in `plugins:`, locked or not.
    declared: Vec<&'a Spanned<String>>,
    locked: BTreeMap<&'a str, Plugin<'a>>,
    shell: Option<Plugin<'a>>,
    used: RefCell<BTreeSet<&'a str>>,
}

impl<'a> Plugins<'a> {
    pub(crate) fn new(file: &'a Pipeline, catalog: &'a Catalog, report: &mut Report) -> Self {
        let entries = || file.plugins.iter().flat_map(|plugins| &plugins.entries);
        let mut locked = BTreeMap::new();
        for (name, reference) in entries() {
            if let Some(plugin) = lock(name, reference, catalog, report) {
                locked.insert(name.value.as_str(), plugin);
            }
        }
        let shell = catalog.shell.as_ref().and_then(|entry| {
            let alias = SHELL_ALIAS.parse().ok()?;
            Some(Plugin { alias, entry, schema: Schema::new(&entry.descriptor.config_schema).ok() })
        });
        Self { declared: entries().map(|(name, _)| name).collect(), locked, shell, used: RefCell::default() }
    }

    /// The plugin that `run:` is short for.
    pub(crate) fn shell(&self) -> Option<&Plugin<'a>> {
        self.shell.as_ref()
    }

    /// The plugin of this alias, where `fits` says that its kind may stand there.
    pub(crate) fn find(
        &self,
        uses: &Spanned<String>,
        fits: fn(Kind) -> bool,
        report: &mut Report,
    ) -> Option<&Plugin<'a>> {
        let alias = uses.value.as_str();
        let Some(declared) = self.declared.iter().find(|declared| declared.value == alias) else {
            self.undeclared(uses, report);
            return None;
        };
        self.used.borrow_mut().insert(&declared.value);
        // One that is not locked is reported where it is declared.
        let plugin = self.locked.get(alias)?;
        let kind = plugin.entry.pin.kind;
        if fits(kind) {
            return Some(plugin);
        }
        let wanted: Vec<&str> = Kind::ALL.into_iter().filter(|kind| fits(*kind)).map(Kind::name).collect();
        report
            .error("wrong-kind", uses.span, format!("`{alias}` is a plugin of kind {kind}"))
            .help(format!("here stands one of kind {}", suggest::list(wanted)));
        None
    }

    fn undeclared(&self, uses: &Spanned<String>, report: &mut Report) {
        let names = self.declared.iter().map(|name| name.value.as_str());
        let help = match suggest::nearest(&uses.value, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("add it: `plugins: {{ {}: registry.example/... }}`", uses.value),
        };
        let message = format!("there is no plugin `{}` under `plugins:`", uses.value);
        report.error("unknown-plugin", uses.span, message).help(help);
    }

    /// Warns of plugins that no step uses.
    pub(crate) fn report_unused(&self, report: &mut Report) {
        let used = self.used.borrow();
        for name in self.declared.iter().filter(|name| !used.contains(name.value.as_str())) {
            let message = format!("no step uses the plugin `{}`", name.value);
            report.warning("unused-plugin", name.span, message);
        }
    }
}

fn lock<'a>(
    name: &'a Spanned<String>,
    reference: &Spanned<String>,
    catalog: &'a Catalog,
    report: &mut Report,
) -> Option<Plugin<'a>> {
    let alias: PluginAlias = match name.value.parse() {
        Ok(alias) => alias,
        Err(error) => {
            report.error("invalid-name", name.span, format!("{error}"));
            return None;
        }
    };
    if name.value == SHELL_ALIAS {
        report.error("invalid-name", name.span, "`run` is the name of the host's own shell plugin").help("rename it");
        return None;
    }
    let Some(entry) = catalog.plugins.get(&alias) else {
        let message = format!("the plugin `{alias}` is not in lockgate.lock");
        report
            .error("not-locked", reference.span, message)
            .help("nothing runs without a pinned digest: `lockgate lock` writes it");
        return None;
    };
    if entry.pin.reference != reference.value {
        let message = format!("lockgate.lock pins `{alias}` as `{}`", entry.pin.reference);
        report.error("not-locked", reference.span, message).help("`lockgate lock` writes it anew");
        return None;
    }
    let schema = Schema::new(&entry.descriptor.config_schema);
    if let Err(error) = &schema {
        report.error("plugin-schema", name.span, format!("`{alias}`: {error}"));
    }
    Some(Plugin { alias, entry, schema: schema.ok() })
}

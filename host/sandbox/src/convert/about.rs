//! `about`: what a plugin says of itself.

use lockgate_model::catalog::{AdvisedEffect, Ask, Descriptor};

use super::{InvalidAnswer, json};
use crate::bindings::guest::about;

pub(crate) fn descriptor(descriptor: about::Descriptor) -> Result<Descriptor, InvalidAnswer> {
    Ok(Descriptor {
        name: descriptor.name,
        version: descriptor.version,
        summary: descriptor.summary,
        documentation: descriptor.documentation,
        config_schema: json("config-schema", &descriptor.config_schema)?,
        asks: descriptor.asks.into_iter().map(ask).collect(),
        effect: effect(descriptor.effect),
    })
}

fn ask(ask: about::Ask) -> Ask {
    Ask { kind: ask.kind, pattern: ask.pattern, reason: ask.reason, optional: ask.optional }
}

fn effect(effect: about::Effect) -> AdvisedEffect {
    match effect {
        about::Effect::Pure => AdvisedEffect::Pure,
        about::Effect::Idempotent => AdvisedEffect::Idempotent,
        about::Effect::Once => AdvisedEffect::Once,
    }
}

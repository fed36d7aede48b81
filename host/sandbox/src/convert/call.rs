//! Calls: the model's input to the guest, the guest's answer to the model.

use lockgate_model::call::{Answer, Call, Product};
use lockgate_model::evidence::Evidence;
use lockgate_model::outcome::Failure;
use wasmtime::Store;

use super::{InvalidAnswer, delivery, evidence};
use crate::bindings::guest::{
    GuestAlertRule, GuestBuildStep, GuestDeployStrategy, GuestDeployTarget, GuestNotifier, GuestQualityGate,
    GuestScanner, GuestTestReporter, build_step, quality_gate, scanner,
};
use crate::bindings::host::types as wit;
use crate::host::Host;

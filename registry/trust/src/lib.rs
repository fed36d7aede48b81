//! Who may have signed a plugin: policy, signatures, provenance attestations, keys.

//! The export macro of lockgate-sdk.

//! The checked-in code is what the .proto files say. `NOTOCHORD_REGENERATE=1 cargo test -p notochord-proto
//! --test generated_code` writes it anew.
#![allow(clippy::unwrap_used)]

use std::path::Path;

#[test]
fn the_generated_code_is_what_the_proto_files_say() {
    let room = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = ["evidence", "node", "round", "network"].map(|name| format!("notochord/v1/{name}.proto"));
    let descriptors = protox::compile(sources, [room.join("proto")]).unwrap();
    let made = tempfile::tempdir().unwrap();
    tonic_prost_build::configure()
        .build_transport(false)
        .out_dir(made.path())
        .compile_fds(descriptors)
        .unwrap();
    let fresh = std::fs::read_to_string(made.path().join("notochord.v1.rs")).unwrap();
    let checked_in = room.join("src/gen/notochord.v1.rs");
    if std::env::var_os("NOTOCHORD_REGENERATE").is_some() {
        std::fs::write(&checked_in, &fresh).unwrap();
    }
    let current = std::fs::read_to_string(&checked_in).unwrap_or_default();
    assert!(
        current == fresh,
        "src/gen/notochord.v1.rs is not what the .proto files say; see the head of this test"
    );
}

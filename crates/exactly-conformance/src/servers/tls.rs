//! A certificate authority for one server, made by the `openssl` command.
//!
//! The command and not a crate: what makes certificates in Rust brings a cryptographic library to
//! compile, and licences that this project does not take on for its tests.

use std::path::Path;
use std::process::Command;

/// Whether tests with TLS can run here.
#[must_use]
pub fn has_openssl() -> bool {
    Command::new("openssl").arg("version").output().is_ok_and(|output| output.status.success())
}

/// Makes `ca.pem`, and `server.pem` with `server.key` that it signs, for the loopback's names.
pub(super) fn make(folder: &Path) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2";
    let names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
    openssl(
        folder,
        &format!("req -x509 {key} -subj /CN=exactly-test-ca -keyout ca.key -out ca.pem"),
        &["-addext", "keyUsage=critical,keyCertSign"],
    );
    openssl(
        folder,
        &format!("req -x509 {key} -subj /CN=localhost -keyout server.key -out server.pem"),
        &["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", names]
            .into_iter()
            .chain(["-addext", "basicConstraints=critical,CA:FALSE"])
            .collect::<Vec<_>>(),
    );
}

fn openssl(folder: &Path, words: &str, more: &[&str]) {
    let mut command = Command::new("openssl");
    let output = command.args(words.split(' ')).args(more).current_dir(folder).output();
    let output = output.expect("tests with TLS need the openssl command");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {words}: {complaint}");
}

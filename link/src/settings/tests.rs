#![allow(clippy::unwrap_used)]
use std::os::unix::fs::PermissionsExt as _;

use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use super::*;

/// A directory with this `link.toml`, a password's file and an authority's.
fn directory(text: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &str, mode| {
        let file = directory.path().join(name);
        fs::write(&file, bytes).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    };
    write(FILE, text, 0o644);
    write("password", "open sesame\n", 0o600);
    write("open", "open sesame\n", 0o644);
    let authority = CertificateParams::default().self_signed(&KeyPair::generate().unwrap()).unwrap();
    write("authorities.pem", &authority.pem(), 0o644);
    directory
}

fn read(text: &str, environment: &[(&str, &str)]) -> Result<LinkSettings, String> {
    let directory = directory(text);
    let variable = |name: &str| {
        environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    };
    LinkSettings::read(directory.path(), &variable)
        .map_err(|problem| problem.to_string().replace(&directory.path().display().to_string(), ""))
}

/// The proxy on the way to a destination, in words.
fn way(text: &str, environment: &[(&str, &str)], to: &str) -> String {
    let settings = read(text, environment).unwrap();
    let proxy = settings.way_out.proxy_to(&to.parse().unwrap()).unwrap();
    proxy.map_or("none".to_owned(), |proxy| {
        let header = proxy.credentials.as_ref().map(|credentials| credentials.header().to_string());
        format!("{proxy} {}", header.unwrap_or_default()).trim_end().to_owned()
    })
}

const FAR: &str = "registry.example.org:7470";

#[test]
fn the_file_stands_above_the_environment() {
    let environment = [("HTTPS_PROXY", "http://of-the-environment:1"), ("NO_PROXY", "*")];
    assert_eq!(way("proxy = \"http://of-the-file:2\"", &environment, FAR), "http://of-the-file:2");
    assert_eq!(way("proxy = \"none\"", &environment[..1], FAR), "none");
    assert_eq!(way("", &environment[..1], FAR), "http://of-the-environment:1");
    assert_eq!(way("", &environment, FAR), "none");
    let exempt = "no_proxy = [\".example.org\"]";
    assert_eq!(way(exempt, &environment[..1], FAR), "none");
    assert_eq!(way(exempt, &environment[..1], "example.com:1"), "http://of-the-environment:1");
    assert_eq!(way(&format!("proxy = \"a:2\"\n{exempt}"), &[], FAR), "none");
}

#[test]
fn the_environment_is_read_as_other_programs_read_it() {
    let both = [("https_proxy", "lower:1"), ("HTTPS_PROXY", "upper:1")];
    assert_eq!(way("", &both, FAR), "http://lower:1");
    assert_eq!(way("", &[("HTTPS_PROXY", " ")], FAR), "none");
    let secret = [("HTTPS_PROXY", "http://Aladdin:open%20sesame@proxy:1")];
    assert_eq!(way("", &secret, FAR), "http://proxy:1 Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    for near in ["localhost:1", "127.0.0.1:1", "[::1]:1", "0.0.0.0:1"] {
        assert_eq!(way("", &both, near), "none", "{near}");
        assert_eq!(way("proxy = \"a:2\"", &[], near), "http://a:2", "{near}");
    }
}

#[test]
fn a_password_comes_from_a_file_of_its_own() {
    let text = "proxy = \"http://proxy:1\"\nproxy_user = \"Aladdin\"\nproxy_password_file = \"password\"";
    let expected = "http://proxy:1 Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
    assert_eq!(way(text, &[], FAR), expected);
    let in_the_url = "proxy = \"http://Aladdin@proxy:1\"\nproxy_password_file = \"password\"";
    assert_eq!(way(in_the_url, &[], FAR), expected);
    let printed = format!("{:?}", read(text, &[]).unwrap());
    assert!(!printed.contains("sesame") && !printed.contains("QWxh"), "{printed}");
}

#[test]
fn an_https_proxy_needs_an_authority() {
    let text = "proxy_authorities = \"authorities.pem\"\nproxy = \"https://proxy:1\"";
    assert_eq!(way(text, &[], FAR), "https://proxy:1");
    let environment = [("HTTPS_PROXY", "https://proxy:1")];
    assert_eq!(way("proxy_authorities = \"authorities.pem\"", &environment, FAR), "https://proxy:1");
}

#[test]
fn what_is_wrong_is_named_by_file_line_and_key_and_never_repeats_a_password() {
    let tls = "is spoken to within TLS; name the file of its authority as `proxy_authorities` in link.toml";
    let user = "proxy = \"a:1\"\nproxy_user = \"me\"\n";
    for (text, expected) in [
        ("proksy = \"a:1\"", "/link.toml:1: unknown key `proksy`; did you mean `proxy`?"),
        (
            "proxy = \"http://me:secret@a:1\"",
            "/link.toml:1 (proxy): holds a password, which does not belong here; put it into a file of its own and \
             name that as `proxy_password_file`",
        ),
        (
            "proxy = \"socks5://me:secret@a:1\"",
            "/link.toml:1 (proxy): names a kind of proxy that is not spoken here; only http:// and https:// are",
        ),
        ("proxy = \"https://a:1\"", &format!("/link.toml:1 (proxy): {tls}")),
        ("proxy_user = \"me\"", "/link.toml:1 (proxy_user): goes with `proxy`, which is not there"),
        (
            &format!("{user}proxy_password_file = \"open\""),
            "/link.toml:3 (proxy_password_file): /open: others may read it; run `chmod 600 /open`",
        ),
        (
            "proxy = \"a:1\"\nproxy_user = \"a:b\"",
            "/link.toml:2 (proxy_user): and its password hold no control character, and the user no colon",
        ),
        (
            "proxy_authorities = \"password\"",
            "/link.toml:1 (proxy_authorities): /password: holds no certificate (PEM)",
        ),
        (
            "no_proxy = [\"10.0.0.0/99\"]",
            "/link.toml:1 (no_proxy): `10.0.0.0/99` is not a host, .domain, address, block such as 10.0.0.0/8, or *",
        ),
        ("keepalive_interval_s = 60", "/link.toml:1 (keepalive_interval_s): is between 1 and 50 seconds"),
        ("keepalive_timeout_s = 0", "/link.toml:1 (keepalive_timeout_s): is between 1 and 60 seconds"),
    ] {
        assert_eq!(read(text, &[]).unwrap_err(), expected, "{text}");
    }
}

#[test]
fn whatever_the_settings_say_a_link_is_never_silent_for_the_minute_after_which_firewalls_cut() {
    let minute = Duration::from_secs(60);
    assert!(Keepalive::default().interval * 2 < minute, "one probe may be lost");
    assert_eq!(read("", &[]).unwrap().keepalive, Keepalive::default());
    let seldom =
        (1..=3600).rev().find_map(|seconds| read(&format!("keepalive_interval_s = {seconds}"), &[]).ok());
    assert!(seldom.unwrap().keepalive.interval < minute);
}

#[test]
fn a_proxy_of_the_environment_that_cannot_be_used_matters_only_where_it_would_be_asked() {
    for (written, expected) in [
        (
            "https://me:secret@a:1",
            "HTTPS_PROXY is spoken to within TLS; name the file of its authority as `proxy_authorities` in link.toml",
        ),
        (
            "socks5://me:secret@a:1",
            "HTTPS_PROXY names a kind of proxy that is not spoken here; only http:// and https:// are",
        ),
    ] {
        let environment = [("HTTPS_PROXY", written), ("NO_PROXY", "near.example")];
        let way_out = read("", &environment).unwrap().way_out;
        assert_eq!(way_out.proxy_to(&FAR.parse().unwrap()).unwrap_err().to_string(), expected);
        for near in ["localhost:1", "near.example:1"] {
            assert!(way_out.proxy_to(&near.parse().unwrap()).unwrap().is_none(), "{near}");
        }
        assert_eq!(way("proxy = \"a:2\"", &environment, FAR), "http://a:2");
    }
}

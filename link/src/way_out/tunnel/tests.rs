#![allow(clippy::unwrap_used, clippy::panic)]
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::tls::{self, Credentials};
use crate::way_out::proxy;

/// A proxy that reads the request and says this; what it read, and what became of it at the caller.
async fn answered(
    answer: &'static [u8],
    credentials: Option<proxy::Credentials>,
) -> (String, Result<(), TunnelError>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::plain(listener.local_addr().unwrap().to_string().parse().unwrap(), credentials);
    let served = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"\r\n\r\n") {
            read.push(socket.read_u8().await.unwrap());
        }
        // A caller that has heard enough hangs up.
        let _ = socket.write_all(answer).await;
        String::from_utf8(read).unwrap()
    });
    let opened = open(&proxy, &"[2001:db8::7]:7470".parse().unwrap()).await.map(|_| ());
    (served.await.unwrap(), opened)
}

async fn said(answer: &'static [u8]) -> String {
    let refused = answered(answer, None).await.1.unwrap_err().to_string();
    let (start, end) = (refused.find("127.0.0.1").unwrap(), refused.find("127.0.0.1:").unwrap() + 10);
    let port = refused[end..].chars().take_while(char::is_ascii_digit).count();
    format!("{}proxy{}", &refused[..start], &refused[end + port..])
}

#[tokio::test]
async fn the_request_carries_the_destination_and_the_credentials_and_nothing_else() {
    let (request, opened) = answered(b"HTTP/1.1 200 Connection established\r\n\r\n", None).await;
    opened.unwrap();
    assert_eq!(
        request,
        "CONNECT [2001:db8::7]:7470 HTTP/1.1\r\nHost: [2001:db8::7]:7470\r\nUser-Agent: notochord\r\n\r\n"
    );
    let credentials = proxy::Credentials::new("Aladdin", "open sesame").unwrap();
    let (request, opened) = answered(b"HTTP/1.0 200 OK\r\nVia: x\r\n\r\n", Some(credentials)).await;
    opened.unwrap();
    assert!(request.contains("\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"), "{request}");
}

#[tokio::test]
async fn every_refusal_has_a_name_and_a_remedy() {
    for (answer, expected) in [
        (
            &b"HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n<html>"[..],
            "the proxy http://proxy asks who is calling (407), by Basic; name `proxy_user` and \
             `proxy_password_file` in link.toml",
        ),
        (
            b"HTTP/1.1 407 No\r\nproxy-authenticate: NTLM\r\nproxy-authenticate: Negotiate\r\n\r\n",
            "the proxy http://proxy asks who is calling (407), by Negotiate, NTLM; only Basic is spoken here, so \
             ask IT for a Basic account, or to let [2001:db8::7]:7470 through without one",
        ),
        (
            b"HTTP/1.1 403 Forbidden\r\n\r\n",
            "the proxy http://proxy forbids [2001:db8::7]:7470 (403); ask IT to let CONNECT to [2001:db8::7]:7470 \
             through",
        ),
        (
            b"HTTP/1.1 503 Busy\r\n\r\n",
            "the proxy http://proxy cannot reach [2001:db8::7]:7470 (503); if the coordinator is there, ask IT what \
             the proxy says",
        ),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://login/\r\n\r\n",
            "the proxy http://proxy answered 302 when asked for [2001:db8::7]:7470; ask IT what it means",
        ),
        (b"", "the proxy http://proxy did not answer: it closed the connection"),
    ] {
        assert_eq!(said(answer).await, expected);
    }
    let wrong = proxy::Credentials::new("me", "secret").unwrap();
    let basic = b"HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate, Basic realm=\"x\"\r\n\r\n";
    let refused = answered(basic, Some(wrong)).await.1.unwrap_err();
    assert!(matches!(refused, TunnelError::CredentialsRefused { .. }), "{refused}");
    assert!(!format!("{refused} {refused:?}").contains("secret"));
    let wrong = proxy::Credentials::new("me", "secret").unwrap();
    let refused = answered(b"HTTP/1.1 401 Unauthorized\r\n\r\n", Some(wrong)).await.1.unwrap_err();
    assert!(matches!(refused, TunnelError::CredentialsRefused { status: 401, .. }), "{refused}");
}

#[tokio::test]
async fn what_is_no_http_or_goes_on_for_ever_is_no_proxy() {
    let endless: &'static [u8] =
        Vec::leak([&b"HTTP/1.1 200 OK\r\n"[..], &b"x: y\r\n".repeat(10_000)].concat());
    for answer in [
        &b"SSH-2.0-OpenSSH_9.9\r\n"[..],
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 +20 OK\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\xff: \r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nsomething already",
        b"HTTP/1.1 200",
        endless,
    ] {
        let refused = answered(answer, None).await.1.unwrap_err();
        assert!(matches!(refused, TunnelError::NotHttp { .. }), "{refused} to {:?}", &answer[..7]);
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = Proxy::plain(gone.to_string().parse().unwrap(), None);
    let refused = open(&proxy, &"registry.example.org:7470".parse().unwrap()).await.err().unwrap();
    assert!(
        refused.to_string().starts_with(&format!("the proxy http://{gone} cannot be reached: ")),
        "{refused}"
    );
}

/// A proxy within TLS that opens every tunnel, and the authority that certified it.
async fn within_tls() -> (Destination, CertificateDer<'static>) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "Hospital Proxies");
    let authority_key = KeyPair::generate().unwrap();
    let certificate = authority.self_signed(&authority_key).unwrap().der().clone();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let shown = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let own = Credentials { chain: vec![shown.der().clone()], key: tls::private_key(&key) };
    let acceptor = TlsAcceptor::from(tls::enrolment_server_config(own).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let destination = listener.local_addr().unwrap().to_string().parse().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            // A caller that does not trust it hangs up.
            let Ok(mut stream) = acceptor.accept(socket).await else { continue };
            let mut read = Vec::new();
            while !read.ends_with(b"\r\n\r\n") {
                read.push(stream.read_u8().await.unwrap());
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        }
    });
    (destination, certificate)
}

#[tokio::test]
async fn a_proxy_within_tls_must_be_certified_by_the_authority_that_the_settings_name() {
    let (destination, authority) = within_tls().await;
    let trust = |certificate: CertificateDer<'static>| {
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        tls::proxy_client_config(roots).unwrap()
    };
    let to = "registry.example.org:7470".parse().unwrap();
    let proxy = Proxy::within_tls(destination.clone(), trust(authority), None);
    open(&proxy, &to).await.unwrap();
    let (_, another) = within_tls().await;
    let refused =
        open(&Proxy::within_tls(destination.clone(), trust(another), None), &to).await.err().unwrap();
    assert_eq!(
        refused.to_string(),
        format!(
            "the proxy https://{destination} does not prove itself: its certificate is of another authority, issued \
             by `CN=Hospital Proxies`; `proxy_authorities` in link.toml must name its authority's file"
        )
    );
    let refused = open(&Proxy::plain(destination.clone(), None), &to).await.err().unwrap();
    assert!(matches!(refused, TunnelError::NotHttp { .. } | TunnelError::Silent { .. }), "{refused}");
}

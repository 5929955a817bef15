//! An invitation: what a newcomer needs to find the network, to know it is the right one, and to be let in once.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use notochord_proto::digest::Digest;
use notochord_proto::fields::Section;
use notochord_proto::name::{Address, NetworkName, SiteId};
use notochord_proto::problem::Problem;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

/// The bytes of a token.
pub const TOKEN_BYTES: usize = 32;

/// An invitation, as its file holds it.
pub struct Invitation {
    /// The network.
    pub network: NetworkName,
    /// Who is invited: the site's or person's id.
    pub id: SiteId,
    /// The name in full.
    pub label: String,
    /// `host:port` of the enrolment door.
    pub enrol: String,
    /// `host:port` of the coordinator.
    pub connect: String,
    /// Fingerprint of the network's certificate authority.
    pub authority: Digest,
    /// SHA-256 of the root document's exact bytes.
    pub root: Digest,
    /// Works once.
    pub token: Token,
    /// When it ends.
    pub expires: OffsetDateTime,
}

/// A one-time secret; wiped when dropped, never printed but into the invitation file.
pub struct Token(Zeroizing<[u8; TOKEN_BYTES]>);

impl Token {
    /// A token of random bytes.
    pub fn new(bytes: Zeroizing<[u8; TOKEN_BYTES]>) -> Self {
        Self(bytes)
    }

    /// The secret bytes.
    pub fn bytes(&self) -> &[u8; TOKEN_BYTES] {
        &self.0
    }
}

impl Invitation {
    /// Reads an invitation file.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        let section = Section::parse(file, text)?;
        let mut fields = section.fields();
        let token = Zeroizing::new(fields.required::<String>("token")?);
        let expires: String = fields.required("expires")?;
        let authority: String = fields.required("authority")?;
        let root: String = fields.required("root")?;
        let digest =
            |key, text: &str| text.parse::<Digest>().map_err(|error| fields.problem(key, error.to_string()));
        let token = BASE64
            .decode(token.as_bytes())
            .ok()
            .map(Zeroizing::new)
            .and_then(|bytes| <[u8; TOKEN_BYTES]>::try_from(bytes.as_slice()).ok())
            .ok_or_else(|| {
                fields.problem("token", "the token is damaged; ask the coordinator for a new invitation")
            })?;
        let expires = OffsetDateTime::parse(&expires, &Rfc3339)
            .map_err(|_| fields.problem("expires", "is not a time such as 2027-01-31T12:00:00Z"))?;
        let (authority, root) = (digest("authority", &authority)?, digest("root", &root)?);
        let invitation = Self {
            network: fields.required("network")?,
            id: fields.required("id")?,
            label: fields.required("label")?,
            enrol: fields.required::<Address>("enrol")?.into(),
            connect: fields.required::<Address>("connect")?.into(),
            authority,
            root,
            token: Token::new(Zeroizing::new(token)),
            expires,
        };
        fields.finish()?;
        Ok(invitation)
    }

    /// The invitation file's text.
    pub fn to_text(&self) -> Zeroizing<String> {
        let quote = |text: &str| toml::Value::from(text).to_string();
        Zeroizing::new(format!(
            "# Invitation of {label} to the network {network}. It works once, until {expires}.\n\
             # Whoever holds this file can enrol in this name: hand it over as you would a key.\n\
             network = {network_value}\nid = {id}\nlabel = {label_value}\nenrol = {enrol}\nconnect = {connect}\n\
             authority = {authority}\nroot = {root}\nexpires = {expires_value}\ntoken = \"{token}\"\n",
            label = self.label.replace(char::is_control, " "),
            network = self.network,
            expires = self.expires_text(),
            network_value = quote(self.network.as_str()),
            id = quote(self.id.as_str()),
            label_value = quote(&self.label),
            enrol = quote(&self.enrol),
            connect = quote(&self.connect),
            authority = quote(&self.authority.to_string()),
            root = quote(&self.root.to_string()),
            expires_value = quote(&self.expires_text()),
            token = BASE64.encode(self.token.bytes()),
        ))
    }

    /// When it ends, RFC 3339.
    pub fn expires_text(&self) -> String {
        // A time that can be held can be written.
        self.expires.format(&Rfc3339).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_invitation_reads_back_what_it_writes() {
        let invitation = Invitation {
            network: NetworkName::new("reference").unwrap(),
            id: SiteId::new("sankt-joseph").unwrap(),
            label: "Sankt \"Joseph\"\\1".into(),
            enrol: "127.0.0.1:7071".into(),
            connect: "127.0.0.1:7070".into(),
            authority: Digest::of(b"a"),
            root: Digest::of(b"r"),
            token: Token::new(Zeroizing::new([9; TOKEN_BYTES])),
            expires: time::macros::datetime!(2027-01-31 12:00 UTC),
        };
        let text = invitation.to_text();
        let again = Invitation::parse("invitation.toml", &text).unwrap();
        assert_eq!(again.to_text().as_str(), text.as_str());
        assert_eq!(again.label, invitation.label);
        let damaged = text.replace("token = \"CQ", "token = \"");
        let problem = Invitation::parse("invitation.toml", &damaged).err().unwrap();
        assert!(problem.to_string().contains("ask the coordinator for a new invitation"), "{problem}");
    }
}

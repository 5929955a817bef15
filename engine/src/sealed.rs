//! Files that only the holder of a key can read.
//!
//! XChaCha20-Poly1305 in the STREAM construction: chunks of 64 KiB, each authenticated together with its place
//! and with whether it is the last, so a file that was changed, reordered or cut off is refused. The head of a
//! file names the key by a fingerprint and holds a random nonce. Neither side needs more memory than a chunk.

use std::io::{self, BufRead, Read, Write};

use aead_stream::{DecryptorBE32, EncryptorBE32};
use chacha20poly1305::XChaCha20Poly1305;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// What a sealed file begins with.
const MAGIC: &[u8; 18] = b"notochord sealed 1";
/// XChaCha20's 24 bytes without the 5 in which STREAM counts.
const NONCE: usize = 19;
const HEAD: usize = MAGIC.len() + KeyId::BYTES + NONCE;
/// The plain bytes of every chunk but the last, which may have fewer.
const CHUNK: usize = 64 << 10;
const TAG: usize = 16;

/// The secret that seals files. Forgotten when dropped; no `Debug`, `Display` or `Serialize`.
#[derive(Clone)]
pub(crate) struct SealingKey(Zeroizing<[u8; 32]>);

/// Tells keys apart without telling anything of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyId(pub(crate) [u8; Self::BYTES]);

impl KeyId {
    pub(crate) const BYTES: usize = 8;
}

impl SealingKey {
    /// A new key from the operating system's randomness.
    pub(crate) fn random() -> io::Result<Self> {
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice()).map_err(io::Error::other)?;
        Ok(Self(bytes))
    }

    pub(crate) fn from_bytes(bytes: Zeroizing<[u8; 32]>) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn id(&self) -> KeyId {
        let digest = Sha256::new().chain_update("notochord key id").chain_update(*self.0).finalize();
        let mut id = [0; KeyId::BYTES];
        id.copy_from_slice(&digest[..KeyId::BYTES]);
        KeyId(id)
    }
}

/// Seals what is written to it. Without [`Sealer::finish`] the file stays unreadable.
pub(crate) struct Sealer<W> {
    into: W,
    stream: EncryptorBE32<XChaCha20Poly1305>,
    head: [u8; HEAD],
    chunk: Vec<u8>,
}

impl<W: Write> Sealer<W> {
    pub(crate) fn new(mut into: W, key: &SealingKey) -> io::Result<Self> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(io::Error::other)?;
        let mut head = [0; HEAD];
        head[..MAGIC.len()].copy_from_slice(MAGIC);
        head[MAGIC.len()..HEAD - NONCE].copy_from_slice(&key.id().0);
        head[HEAD - NONCE..].copy_from_slice(&nonce);
        into.write_all(&head)?;
        let stream = EncryptorBE32::new(key.bytes().into(), (&nonce).into());
        Ok(Self { into, stream, head, chunk: Vec::with_capacity(CHUNK + TAG) })
    }

    /// Seals the last chunk.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.stream.encrypt_last_in_place(&self.head, &mut self.chunk).map_err(io::Error::other)?;
        self.into.write_all(&self.chunk)?;
        self.into.flush()?;
        Ok(self.into)
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK {
            self.stream.encrypt_next_in_place(&self.head, &mut self.chunk).map_err(io::Error::other)?;
            self.into.write_all(&self.chunk)?;
            self.chunk.clear();
        }
        let taken = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// A chunk is sealed only when it is full or the last, so there is nothing to pass on.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why a sealed file cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnsealError {
    #[error("it is sealed with another key")]
    OtherKey,
    #[error("it is no sealed file, or was changed")]
    Changed,
    #[error(transparent)]
    System(#[from] io::Error),
}

impl From<UnsealError> for io::Error {
    fn from(error: UnsealError) -> Self {
        match error {
            UnsealError::System(error) => error,
            other => Self::new(io::ErrorKind::InvalidData, other),
        }
    }
}

/// Reads a sealed file. Nothing of a chunk is handed out before it is proven.
pub(crate) struct Unsealer<R> {
    from: R,
    /// Gone after the last chunk.
    stream: Option<DecryptorBE32<XChaCha20Poly1305>>,
    head: [u8; HEAD],
    chunk: Vec<u8>,
    given: usize,
}

impl<R: BufRead> Unsealer<R> {
    pub(crate) fn new(mut from: R, key: &SealingKey) -> Result<Self, UnsealError> {
        let mut head = [0; HEAD];
        from.read_exact(&mut head).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => UnsealError::Changed,
            _ => UnsealError::System(error),
        })?;
        let (magic, rest) = head.split_at(MAGIC.len());
        let (id, nonce) = rest.split_at(KeyId::BYTES);
        let nonce: &[u8; NONCE] = nonce.try_into().map_err(|_| UnsealError::Changed)?;
        if magic != MAGIC {
            return Err(UnsealError::Changed);
        }
        if id != key.id().0 {
            return Err(UnsealError::OtherKey);
        }
        let stream = Some(DecryptorBE32::new(key.bytes().into(), nonce.into()));
        Ok(Self { from, stream, head, chunk: Vec::with_capacity(CHUNK + TAG), given: 0 })
    }

    /// Opens the next chunk, if there is one.
    fn advance(&mut self) -> Result<(), UnsealError> {
        let Some(mut stream) = self.stream.take() else { return Ok(()) };
        self.chunk.clear();
        self.given = 0;
        self.from.by_ref().take((CHUNK + TAG) as u64).read_to_end(&mut self.chunk)?;
        let opened = if self.from.fill_buf()?.is_empty() {
            stream.decrypt_last_in_place(&self.head, &mut self.chunk)
        } else {
            let opened = stream.decrypt_next_in_place(&self.head, &mut self.chunk);
            self.stream = Some(stream);
            opened
        };
        opened.map_err(|_| {
            // Nothing of it is plain, but nothing of it may be handed out either.
            self.chunk.clear();
            self.stream = None;
            UnsealError::Changed
        })
    }
}

impl<R: BufRead> Read for Unsealer<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.chunk.len() {
            self.advance()?;
        }
        let left = &self.chunk[self.given..];
        let count = left.len().min(buffer.len());
        buffer[..count].copy_from_slice(&left[..count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests;

//! A question beside the link: what time it is at the coordinator, and whether it would let this caller in.
//!
//! The caller offers [`PROTOCOL`] as the application protocol of an ordinary, mutually authenticated handshake; the
//! coordinator answers with one line, `1 <milliseconds since 1970> <known|unknown>`, and hangs up. So nobody who
//! asks is taken for a node that serves.

use std::io;

use time::{Duration, OffsetDateTime};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The application protocol of the question.
pub const PROTOCOL: &[u8] = b"notochord-probe/1";

/// The most bytes of an answer.
const LONGEST: u64 = 64;

/// What the coordinator answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// What time it is there.
    pub time: OffsetDateTime,
    /// Whether the enrolment log holds the caller's certificate.
    pub is_known: bool,
}

/// Says it and hangs up.
pub async fn answer(mut stream: impl AsyncWrite + Unpin, answer: Answer) -> io::Result<()> {
    let known = if answer.is_known { "known" } else { "unknown" };
    let line = format!("1 {} {known}\n", answer.time.unix_timestamp_nanos() / 1_000_000);
    stream.write_all(line.as_bytes()).await?;
    stream.shutdown().await
}

/// Hears it.
pub async fn hear(stream: impl AsyncRead + Unpin) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    stream.take(LONGEST).read_to_end(&mut bytes).await?;
    parse(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the answer cannot be read"))
}

fn parse(bytes: &[u8]) -> Option<Answer> {
    let line = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let [version, milliseconds, known] = line.split(' ').collect::<Vec<_>>()[..] else { return None };
    let nanoseconds = i128::from(milliseconds.parse::<i64>().ok()?) * 1_000_000;
    let time = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).ok()?;
    match (version, known) {
        ("1", "known") => Some(Answer { time, is_known: true }),
        ("1", "unknown") => Some(Answer { time, is_known: false }),
        _ => None,
    }
}

/// How far a clock is behind one that said `there`, when it showed `asked` before and `heard` after the answer.
pub fn behind(there: OffsetDateTime, asked: OffsetDateTime, heard: OffsetDateTime) -> Duration {
    there - (asked + (heard - asked) / 2)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use time::macros::datetime;

    use super::*;

    #[tokio::test]
    async fn an_answer_is_heard_as_it_was_said() {
        let said = Answer { time: datetime!(2027-01-31 12:00:00.125 UTC), is_known: true };
        for said in [said, Answer { is_known: false, ..said }] {
            let (here, there) = tokio::io::duplex(256);
            answer(there, said).await.unwrap();
            assert_eq!(hear(here).await.unwrap(), said);
        }
    }

    #[test]
    fn no_bytes_make_it_panic() {
        for bytes in [
            &b""[..],
            b"\n",
            b"1 2\n",
            b"1 x known\n",
            b"2 0 known\n",
            b"1 9223372036854775807 known\n",
            b"\xff\n",
        ] {
            assert_eq!(parse(bytes), None);
        }
    }

    #[test]
    fn a_clock_is_compared_with_the_middle_of_the_question() {
        let noon = datetime!(2027-01-31 12:00 UTC);
        assert_eq!(
            behind(noon + Duration::minutes(5), noon, noon + Duration::seconds(2)),
            Duration::seconds(299)
        );
        assert_eq!(behind(noon, noon, noon), Duration::ZERO);
    }
}

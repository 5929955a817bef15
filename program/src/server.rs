//! What the servers share: where they log, and what stops them.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

/// Logs to standard error, in colour on a terminal only. `RUST_LOG` chooses what; by default everything from `info`.
pub fn log_to_stderr() {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info")))
        .init();
}

/// Ends when the server is told to stop: by an interrupt or, on Unix, a termination signal.
pub async fn stop_signal() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            interrupted = tokio::signal::ctrl_c() => interrupted,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// The signals that tell the server to read its settings anew: on Unix those that hang up, elsewhere none.
pub struct ReloadSignals(#[cfg(unix)] tokio::signal::unix::Signal);

/// Listens for [`ReloadSignals`]; from now on a hang-up does not end the server.
pub fn reload_signals() -> io::Result<ReloadSignals> {
    #[cfg(unix)]
    return Ok(ReloadSignals(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?));
    #[cfg(not(unix))]
    Ok(ReloadSignals())
}

impl ReloadSignals {
    /// The next one; nothing where none can come any more.
    pub async fn recv(&mut self) -> Option<()> {
        #[cfg(unix)]
        return self.0.recv().await;
        #[cfg(not(unix))]
        None
    }
}

//! The checks of the chain of trust, by name, so that each can be seen to matter.
//!
//! In every ordinary build [`Check::stands`] is the constant `true`. A build with the test-only feature `weakened`
//! can switch one check off for the thread it runs on; that build does not compile in release, and carries a marker
//! that the gate looks for in what it ships.

#[cfg(all(feature = "weakened", not(debug_assertions)))]
compile_error!("the feature `weakened` switches checks off; it is for tests and never for a release build");

/// A check that a document must pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// A document is of the type that was asked for.
    PayloadType,
    /// Enough keys have signed.
    Threshold,
    /// A key that signs twice counts once.
    KeyCountsOnce,
    /// A role holds no key and no name twice.
    DistinctKeys,
    /// A threshold is neither 0 nor out of reach.
    RoleThreshold,
    /// No key holds two offices.
    SeparateOffices,
    /// The first root document is the one announced in another way.
    RootPin,
    /// The root keys in force sign the next document.
    OldRootKeys,
    /// The root keys of the next document sign it too.
    NewRootKeys,
    /// A root document is of the same network.
    RootNetwork,
    /// A root document is of the very next version.
    RootVersion,
    /// A root document has not expired.
    RootExpiry,
    /// The key that signs status lists is the one the root document names.
    StatusKey,
    /// A status list is of the same network.
    StatusNetwork,
    /// A status list is not older than the one held.
    StatusRollback,
    /// No two status lists have one version.
    StatusFork,
    /// A status list names the root document in force.
    StatusRoot,
    /// A status list has not expired.
    StatusExpiry,
    /// A status list lives a day at most.
    StatusLife,
    /// A status list was not issued ahead of the clock.
    StatusClock,
    /// A new coordinator's key begins a new count of versions.
    StatusRecovery,
    /// A withdrawn study stays withdrawn.
    Withdrawal,
    /// A study in whose place another has come runs no more.
    Supersession,
    /// The endorsement of an approver who takes no part does not count.
    Recusal,
    /// A revoked site takes part in nothing.
    Revocation,
    /// A statement about a study is made by somebody who may make it.
    StatementOffice,
    /// A standing rule covers only the studies of its class.
    RuleClass,
    /// A standing rule ends.
    RuleExpiry,
}

impl Check {
    /// Whether the check is made: always, outside test builds with the feature `weakened`.
    #[cfg(not(feature = "weakened"))]
    #[inline(always)]
    pub const fn stands(self) -> bool {
        true
    }
}

#[cfg(feature = "weakened")]
pub use switched::{MARKER, without};

#[cfg(feature = "weakened")]
mod switched {
    use std::cell::Cell;

    use super::Check;

    /// What the gate looks for in binaries that must not have it.
    pub static MARKER: &str = "notochord-weakened-build-9f2c";

    thread_local! {
        static OFF: Cell<Option<Check>> = const { Cell::new(None) };
    }

    impl Check {
        /// Whether the check is made on this thread.
        pub fn stands(self) -> bool {
            OFF.get() != Some(self)
        }
    }

    /// Runs `test` with one check switched off, on this thread.
    pub fn without<T>(check: Check, test: impl FnOnce() -> T) -> T {
        struct Restore(Option<Check>);
        impl Drop for Restore {
            fn drop(&mut self) {
                OFF.set(self.0);
            }
        }
        // Read, so that the marker is in every binary that can come here.
        std::hint::black_box(MARKER);
        let _restore = Restore(OFF.replace(Some(check)));
        test()
    }
}

//! The questions that a running board answers: one list for who asks, who answers, and the contract that says so.

use http::Method;

/// A question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Route {
    /// How the board is.
    Health,
    /// The contract of all this.
    Contract,
    /// What limits stand at.
    Limits,
    /// Calls as they end.
    Calls,
    /// Calls that are running.
    Running,
    /// The texts that it was made from.
    Board,
    /// What would happen to a request.
    Explain,
    /// A call through every stage.
    Dispatch,
    /// Take over what the files say now.
    Reload,
    /// Write down what is still held.
    Flush,
    /// A link to the console.
    ConsoleLink,
}

impl Route {
    /// All of them.
    pub(crate) const ALL: [Self; 11] = [
        Self::Health,
        Self::Contract,
        Self::Limits,
        Self::Calls,
        Self::Running,
        Self::Board,
        Self::Explain,
        Self::Dispatch,
        Self::Reload,
        Self::Flush,
        Self::ConsoleLink,
    ];

    /// Method, path, and the operation's id in the contract.
    pub(crate) const fn row(self) -> (Method, &'static str, &'static str) {
        match self {
            Self::Health => (Method::GET, "/health", "health"),
            Self::Contract => (Method::GET, "/openapi.json", "contract"),
            Self::Limits => (Method::GET, "/limits", "limits"),
            Self::Calls => (Method::GET, "/calls", "calls"),
            Self::Running => (Method::GET, "/calls/running", "runningCalls"),
            Self::Board => (Method::GET, "/board", "board"),
            Self::Explain => (Method::POST, "/explain", "explain"),
            Self::Dispatch => (Method::POST, "/dispatch", "dispatch"),
            Self::Reload => (Method::POST, "/reload", "reload"),
            Self::Flush => (Method::POST, "/flush", "flush"),
            Self::ConsoleLink => (Method::POST, "/console/link", "consoleLink"),
        }
    }

    /// The question that a request asks.
    ///
    /// # Errors
    /// The methods that are known at this path: none where the path is not known.
    pub(crate) fn of(method: &Method, path: &str) -> Result<Self, Vec<Method>> {
        let here = || Self::ALL.into_iter().filter(|route| route.row().1 == path);
        here()
            .find(|route| route.row().0 == *method)
            .ok_or_else(|| here().map(|route| route.row().0).collect())
    }
}

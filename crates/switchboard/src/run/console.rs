//! The console of a board that runs: opened at the start, and moved, opened or closed with the board.
//!
//! Its new address is had before anything else of a reload is done, so that one that cannot be had refuses all of it.

use crate::drive::{entropy, port};
use crate::exit::Failure;
use board::{Board, ConsoleSettings};
use console::{ConsoleOptions, SignIn};
use ledger::Ledger;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::watch;

/// The console that is open now, for all who ask for it.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    boards: watch::Receiver<Arc<Board>>,
    ledger: Ledger,
    now: Rc<RefCell<Option<Open>>>,
}

#[derive(Debug)]
struct Open {
    running: console::Running,
    sign_in: SignIn,
    /// As the board has it: port 0 stays port 0.
    bind: SocketAddr,
}

/// What is to be done for another board, and can be.
#[derive(Debug)]
pub(super) struct Change(To);

#[derive(Debug)]
enum To {
    Same,
    Closed,
    Opened(Open),
}

impl Seat {
    /// Nothing is open yet.
    pub(super) fn new(boards: watch::Receiver<Arc<Board>>, ledger: Ledger) -> Self {
        Self { boards, ledger, now: Rc::default() }
    }

    /// Opens what this board wants and is not open yet; what is open stays so until the change is taken over. Dropped, it
    /// changes nothing.
    ///
    /// # Errors
    /// The address cannot be had.
    pub(super) async fn prepare(&self, board: &Board) -> Result<Change, Failure> {
        let Some(settings) = &board.console else { return Ok(Change(To::Closed)) };
        let now = self.now.borrow().as_ref().map(|open| (open.bind, open.sign_in.clone()));
        if now.as_ref().is_some_and(|(bind, _)| *bind == settings.bind) {
            return Ok(Change(To::Same));
        }
        // Links that were given out go on to sign in.
        let sign_in = match now {
            Some((_, sign_in)) => sign_in,
            None => SignIn::new(entropy()?),
        };
        let options = ConsoleOptions {
            listener: listen(settings)?,
            ledger: self.ledger.clone(),
            board: self.boards.clone(),
            sign_in: sign_in.clone(),
            hosts: vec!["localhost".to_owned()],
            clock: SystemTime::now,
        };
        let running = console::serve(options).await.map_err(|error| Failure::run(error.to_string()))?;
        Ok(Change(To::Opened(Open { running, sign_in, bind: settings.bind })))
    }

    /// Takes a change over; what was open ends its answers first.
    pub(super) async fn take(&self, Change(to): Change) {
        let before = match to {
            To::Same => None,
            To::Closed => self.now.take(),
            To::Opened(open) => self.now.replace(Some(open)),
        };
        if let Some(before) = before {
            before.running.stop().await;
        }
    }

    /// Where it listens.
    pub(super) fn url(&self) -> Option<String> {
        self.now.borrow().as_ref().map(|open| open.running.url())
    }

    /// A link that signs in, once; `None`: there is no console.
    pub(super) fn link(&self) -> Result<Option<String>, Failure> {
        let now = self.now.borrow();
        let Some(open) = now.as_ref() else { return Ok(None) };
        Ok(Some(open.sign_in.issue(entropy()?, SystemTime::now()).at(&open.running.url())))
    }

    /// Ends it.
    pub(super) async fn close(&self) {
        self.take(Change(To::Closed)).await;
    }
}

fn listen(settings: &ConsoleSettings) -> Result<std::net::TcpListener, Failure> {
    std::net::TcpListener::bind(settings.bind).map_err(|error| {
        let taken =
            port::free(settings.bind).err().map_or_else(|| error.to_string(), |taken| taken.to_string());
        Failure::run(format!("the console cannot listen ({}): {taken}", settings.origin))
            .help("write another `bind` under `[console]`, or `console = false`")
    })
}

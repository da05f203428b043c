//! `switchboard offer`: offers an API of the board, or some of its operations, to holders of plans.
//!
//! The file is changed with its comments kept and the change is shown; a board that could not run with it stays as it was.

use crate::arguments::Global;
use crate::command::add::FIRST_LIMIT;
use crate::drive::{Disk, FILE, Need, board_folder, load_board, secrets_folder, write};
use crate::exit::{Exit, Failure};
use board::edit::{EditError, Edited, NewOffer, add_offer, add_plan_if_missing, patch};
use board::{Api, Auth, Board};

/// Arguments of `offer`.
#[derive(Debug, clap::Args)]
pub(crate) struct Offer {
    /// The API, or one operation of it
    #[arg(value_name = "API[.OPERATION]")]
    what: String,
    /// To holders of this plan; one that is missing is made, with a key and 60/min
    #[arg(long = "plan", required = true, value_name = "PLAN")]
    plans: Vec<String>,
    /// Where it is offered; default: `/API`
    #[arg(long, value_name = "PATH")]
    at: Option<String>,
    /// What the offer is called
    #[arg(long, default_value = "public")]
    name: String,
    /// Only these: an operation, `tag:NAME`, `GET *`; may be given several times
    #[arg(long, value_name = "RULE")]
    only: Vec<String>,
}

impl Offer {
    /// Runs it.
    pub(crate) fn run(self, global: &Global) -> Result<Exit, Failure> {
        let folder = board_folder(global)?;
        let file = folder.join(FILE);
        let before = std::fs::read_to_string(&file)
            .map_err(|error| Failure::run(format!("cannot read `{}`: {error}", file.display())))?;
        let board = load_board(&folder, global)?;
        let (api, operation) = known(&board, &self.what)?;
        let only: Vec<&str> = operation.into_iter().chain(self.only.iter().map(String::as_str)).collect();
        let after = self.edit(&before, api.name.as_str(), &only)?;
        write(&file, after.as_bytes())?;
        let terminal = global.terminal();
        let disk = Disk { secrets: secrets_folder(&folder), need: Need::Nothing };
        if let Err(problems) = board::load(&folder, global.env.as_deref(), &disk) {
            write(&file, before.as_bytes())?;
            terminal.complain(problems.render(terminal.colour_err).trim_end());
            return Err(Failure::usage("with this the board could not run: nothing was changed"));
        }
        terminal.data(patch(&before, &after));
        terminal.say(format!("offered: {}.{}", api.name, self.name));
        terminal.say(format!(
            "let somebody in: {} consumer add NAME --plan {}",
            super::paste(),
            self.plans.first().map_or("PLAN", String::as_str)
        ));
        Ok(Exit::Ok)
    }

    fn edit(&self, before: &str, api: &str, only: &[&str]) -> Result<String, Failure> {
        let failed = |error: EditError| match error {
            EditError::Taken(name) => Failure::usage(format!("`{name}` is on the board already"))
                .help("choose another name: `--name NAME`"),
            error => Failure::usage(error.to_string()),
        };
        let text = |edited: Edited| edited.text;
        let mut after = before.to_owned();
        for plan in &self.plans {
            after =
                add_plan_if_missing(&after, plan, Auth::Key, Some(FIRST_LIMIT)).map(text).map_err(failed)?;
        }
        let plans: Vec<&str> = self.plans.iter().map(String::as_str).collect();
        let at = self.at.clone().unwrap_or_else(|| format!("/{api}"));
        add_offer(&after, &NewOffer { api, name: &self.name, at: &at, plans: &plans, only })
            .map(text)
            .map_err(failed)
    }
}

/// The API that is named, and its operation where one is.
fn known<'b, 'w>(board: &'b Board, what: &'w str) -> Result<(&'b Api, Option<&'w str>), Failure> {
    let (name, operation) =
        what.split_once('.').map_or((what, None), |(api, operation)| (api, Some(operation)));
    let api = super::known::api(board, name)?;
    if let Some(operation) = operation {
        super::known::operation(api, operation)?;
    }
    Ok((api, operation))
}

//! FRONT: the half of the pipeline that faces the caller.
//!
//! One thread is one world: its own listeners, connections, providers and picture of the board, and
//! nothing on the path of a call that another thread could hold. A call goes through stages that are plain
//! functions (`serve.rs` has the order); each gives a token that the next one needs, so that what was
//! not checked cannot be forwarded. Never imports ledger or console: records go to a [`exchange::Recorder`].

mod address_table;
mod admit;
mod all_meters;
mod bind;
mod check;
mod check_pool;
mod client_address;
mod closing;
mod cors;
mod detail;
mod dispatch;
mod error;
mod explain;
mod forward;
mod gauges;
mod guesses;
mod hidden;
mod hold;
mod identify;
mod local;
mod mock;
mod over_soft;
mod permit;
mod problem;
mod purse;
mod purses;
mod rate_fields;
mod rates;
mod respond;
mod route;
mod running;
mod scopes;
mod seen;
mod serve;
mod settings;
mod share;
mod standing;
mod subject_hash;
mod tunnel;
mod under_way;
mod wire;
mod worker;
mod world;

pub use admit::wait;
pub use error::GatewayError;
pub use explain::Asked;
pub use over_soft::OverSoft;
pub use problem::explained;
pub use rates::RatesStanding;
pub use running::{Gateway, GatewayOptions, Running, explain_cold};
pub use settings::{OnStage, Settings};
pub use standing::{LimitsOf, Standing, Standings};

//! The gateway room.
use std::{sync::Arc, time::Duration};
pub struct Gateway; pub struct Running; #[derive(Default)] pub struct Settings;
#[derive(Debug)] pub struct E; impl std::fmt::Display for E { fn fmt(&self,_: &mut std::fmt::Formatter<'_>)->std::fmt::Result{Ok(())}}
pub struct GatewayOptions { pub board: Arc<board::Board>, pub accounts: Arc<exchange::Accounts>, pub recorder: Arc<dyn exchange::Recorder>, pub writers: Vec<u16>, pub settings: Settings }
impl Gateway { pub fn start(_: GatewayOptions)->Result<Running,E>{Err(E)}}
impl Running { pub fn swap(&self,_:Arc<board::Board>,_:Arc<exchange::Accounts>){} pub async fn drain(&self,_:Duration){} pub fn explain(&self,_:&Asked)->Vec<exchange::Decision>{vec![]} }
pub struct Asked { pub method: http::Method, pub target: String, pub host: Option<String>, pub fields: http::HeaderMap, pub body: Option<bytes::Bytes>, pub consumer: Option<String> }
pub fn explain(_:Arc<board::Board>,_:Arc<exchange::Accounts>,_:&Asked)->Result<Vec<exchange::Decision>,E>{Err(E)}
pub fn page(_: exchange::Reason)->&'static str{""}

//! What can be said of signing in and out.

use super::ConfigFile;
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Login {
    /// The account, by its name in the configuration
    pub(crate) account: String,
    /// Sign in on another device: a code is printed to type there
    #[arg(long)]
    pub(crate) device: bool,
    /// Ask for this permission too, such as User.ReadBasic.All; may be given several times
    #[arg(long, value_name = "PERMISSION")]
    pub(crate) scope: Vec<String>,
    /// How long to wait for the browser
    #[arg(long, value_name = "MINUTES", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub(crate) minutes: u64,
    /// Print JSON objects: a line that says where to sign in, and a line that says what came of it
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

#[derive(Debug, Args)]
pub(crate) struct Logout {
    /// The account, by its name in the configuration
    pub(crate) account: String,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) config: ConfigFile,
}

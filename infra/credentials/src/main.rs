//! `cargo run -p credentials`: creates, shows, checks, rotates and revokes the credentials of a
//! deployed stack.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

use clap::{Parser, Subcommand, ValueEnum};
use credentials::{
    check::{Finding, check},
    document::{Document, NewToken},
    lifetime::Lifetime,
    random, routing_key,
    secret::Secret,
    settings::{SecretMaker, of_old_ones, secret_maker, settings},
    signing_key,
};
use shared::{
    aws::Aws,
    clock,
    domain::{principal::Role, time::Time},
    sources::SOURCES,
};

/// Manages webhook secrets and API tokens of a deployed stack, with your AWS credentials. New ones
/// are shown once.
///
/// Functions reload the secret every 5 minutes, and within a minute after a webhook or token is
/// refused.
#[derive(Parser)]
#[command(name = "credentials")]
struct Arguments {
    /// The output `SecretArn` of the stack
    #[arg(long, env = "SECRET_ARN")]
    secret_arn: String,

    /// The output `ApiUrl` of the stack
    #[arg(long, env = "API_URL", default_value = "<ApiUrl>")]
    api_url: String,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Creates the first credentials: Datadog's secret and a responder's token
    Init {
        /// The name of the token: the actor in histories
        #[arg(long)]
        name: String,
        /// When the token becomes invalid, such as 90d [default: never]
        #[arg(long, value_name = "TIME")]
        expires: Option<Lifetime>,
    },
    /// Says what is wrong with the credentials: exit code 1 if anything is
    Check,
    /// Shows the URLs of the webhooks, the number of secrets, and the tokens
    Show {
        /// Shows the webhook secrets too. Tokens cannot be shown: only their hashes are stored
        #[arg(long)]
        reveal: bool,
    },
    /// Manages the tokens of the API
    #[command(subcommand)]
    Token(TokenCommand),
    /// Manages the secrets of webhooks
    #[command(subcommand)]
    Webhook(WebhookCommand),
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Creates a token under a new name
    Add {
        /// The name of the token: the actor in histories
        #[arg(long)]
        name: String,
        /// viewer reads, responder reads and changes
        #[arg(long)]
        role: RoleArgument,
        /// When the token becomes invalid: a number and h, d or w, such as 90d [default: never]
        #[arg(long, value_name = "TIME")]
        expires: Option<Lifetime>,
    },
    /// Lists names, roles and expiries, oldest first
    List,
    /// Creates a new token. The old one stays valid until it is retired
    Rotate {
        /// The name of the token
        #[arg(long)]
        name: String,
        /// When the new token becomes invalid, such as 90d. Needed if the old one expires
        #[arg(long, value_name = "TIME")]
        expires: Option<Lifetime>,
    },
    /// Makes the old token of a rotation invalid
    Retire {
        /// The name of the token
        #[arg(long)]
        name: String,
    },
    /// Makes all tokens of a name invalid
    Revoke {
        /// The name of the token
        #[arg(long)]
        name: String,
    },
}

#[derive(Subcommand)]
enum WebhookCommand {
    /// Adds a secret. The old one stays valid until it is retired
    ///
    /// Most secrets are created here, and what to paste where is shown. Those of Sentry and PagerDuty,
    /// and the topics of `CloudWatch`, are read from standard input.
    Rotate {
        /// The name of the source, such as datadog
        source: String,
        /// Reads the secret from standard input, in place of making one
        #[arg(long)]
        enter: bool,
    },
    /// Makes the old secret of a rotation invalid
    Retire {
        /// The name of the source, such as datadog
        source: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum RoleArgument {
    Viewer,
    Responder,
}

impl From<RoleArgument> for Role {
    fn from(role: RoleArgument) -> Self {
        match role {
            RoleArgument::Viewer => Self::Viewer,
            RoleArgument::Responder => Self::Responder,
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse(), clock::now()).await {
        Ok(Output { text, code }) => match io::stdout().write_all(text.as_bytes()) {
            Ok(()) => code,
            Err(_) => ExitCode::FAILURE,
        },
        Err(error) => {
            let _ = writeln!(io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the command prints, and its exit code.
struct Output {
    text: String,
    code: ExitCode,
}

async fn run(arguments: Arguments, now: Time) -> Result<Output, Box<dyn std::error::Error>> {
    let secret = Secret::new(&Aws::from_environment().await, &arguments.secret_arn);
    let url = arguments.api_url.trim_end_matches('/');
    let expiry = |expires: Option<Lifetime>| expires.unwrap_or(Lifetime::Never).expiry(now);
    let text = match arguments.command {
        Command::Check => return Ok(checked(&check(&secret.text().await?, now))),
        Command::Init { name, expires } => {
            let (datadog, token) = (random()?, random()?);
            let new = NewToken { token: &token, expiry: expiry(expires) };
            secret.change(|document| document.init(&datadog, &name, new)).await?;
            format!(
                "\
{}
For each other source, run: credentials webhook rotate <source>
  {}

{}",
                settings("datadog", url, &datadog),
                SOURCES
                    .iter()
                    .map(|source| source.name())
                    .filter(|name| *name != "datadog")
                    .collect::<Vec<_>>()
                    .join(", "),
                once(&name, &token)
            )
        }
        Command::Show { reveal } => {
            let document = secret.read().await?;
            webhooks(&document, url, reveal) + &tokens(&document, now)
        }
        Command::Token(TokenCommand::List) => tokens(&secret.read().await?, now),
        Command::Token(TokenCommand::Add { name, role, expires }) => {
            let token = random()?;
            let new = NewToken { token: &token, expiry: expiry(expires) };
            secret.change(|document| document.add_token(&name, role.into(), new)).await?;
            once(&name, &token)
        }
        Command::Token(TokenCommand::Rotate { name, expires }) => {
            let token = random()?;
            let expiry = expires.map(|lifetime| lifetime.expiry(now));
            secret.change(|document| document.rotate_token(&name, &token, expiry)).await?;
            format!(
                "{}The old token stays valid until you run: credentials token retire --name '{name}'\n",
                once(&name, &token)
            )
        }
        Command::Token(TokenCommand::Retire { name }) => {
            secret.change(|document| document.retire_token(&name)).await?;
            format!("The old token of {name} becomes invalid within 6 minutes.\n")
        }
        Command::Token(TokenCommand::Revoke { name }) => {
            secret.change(|document| document.revoke_token(&name)).await?;
            format!("All tokens of {name} become invalid within 6 minutes.\n")
        }
        Command::Webhook(WebhookCommand::Rotate { source, enter }) => {
            let new = match secret_maker(&source) {
                SecretMaker::Source(what) => from_standard_input(what)?,
                _ if enter => from_standard_input("the secret")?,
                SecretMaker::Us => random()?,
                SecretMaker::UsAsKey => signing_key()?,
                SecretMaker::UsAsRoutingKey => routing_key()?,
            };
            let document = secret.change(|document| document.rotate_webhook(&source, &new)).await?;
            let old = if document.is_rotating(&source) { format!("\n{}", of_old_ones(&source)) } else { String::new() };
            settings(&source, url, &new) + &old
        }
        Command::Webhook(WebhookCommand::Retire { source }) => {
            secret.change(|document| document.retire_webhook(&source)).await?;
            format!("The old secret of {source} becomes invalid within 5 minutes.\n")
        }
    };
    Ok(Output { text, code: ExitCode::SUCCESS })
}

fn checked(findings: &[Finding]) -> Output {
    let mut text = String::new();
    for finding in findings {
        let _ = match finding {
            Finding::Problem(what) => writeln!(text, "problem  {what}"),
            Finding::Note(what) => writeln!(text, "note     {what}"),
        };
    }
    let problems = findings.iter().filter(|finding| matches!(finding, Finding::Problem(_))).count();
    let _ = match problems {
        0 => writeln!(text, "The credentials are in order."),
        1 => writeln!(text, "1 problem."),
        count => writeln!(text, "{count} problems."),
    };
    Output { text, code: if problems == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE } }
}

fn once(name: &str, token: &str) -> String {
    format!("The token of {name}, shown once:\n\n  {token}\n\n")
}

fn webhooks(document: &Document, url: &str, reveal: bool) -> String {
    let mut text = String::new();
    for source in SOURCES.iter().map(|source| source.name()) {
        let secrets = document.webhook_secrets(source);
        let _ = writeln!(text, "{url}/webhooks/{source}  {} valid", secrets.len());
        for secret in secrets.iter().filter(|_| reveal) {
            let _ = writeln!(text, "  {secret}");
        }
    }
    text
}

fn tokens(document: &Document, now: Time) -> String {
    let mut text = String::new();
    for token in document.tokens() {
        let role = match token.role {
            Role::Viewer => "viewer",
            Role::Responder => "responder",
        };
        let expiry = match token.expires_at {
            None => String::new(),
            Some(at) if at <= now => format!("  expired {at}"),
            Some(at) => format!("  expires {at}"),
        };
        let _ = writeln!(text, "{role:9}  {}{expiry}", token.name);
    }
    text
}

/// Not an argument: arguments are visible in the shell's history and in the list of processes.
fn from_standard_input(what: &str) -> io::Result<String> {
    let mut line = String::new();
    if io::stdin().is_terminal() {
        let _ = writeln!(io::stderr(), "Enter {what}, on one line:");
    }
    io::stdin().read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

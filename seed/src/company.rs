//! Hafenmarkt, an online marketplace that does not exist: its teams, people and services.

/// The name of the organisation, as both sources know it.
pub(crate) const NAME: &str = "Hafenmarkt";
/// Its slug in Sentry.
pub(crate) const SLUG: &str = "hafenmarkt";
/// Its number in Datadog.
pub(crate) const DATADOG_ORG: &str = "1400082";

/// A team that owns services and is on call for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Team {
    Storefront,
    Payments,
    Fulfilment,
    Platform,
}

impl Team {
    /// The name in tags.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Storefront => "storefront",
            Self::Payments => "payments",
            Self::Fulfilment => "fulfilment",
            Self::Platform => "platform",
        }
    }

    /// Who is on call in turn.
    pub(crate) const fn people(self) -> [&'static str; 3] {
        match self {
            Self::Storefront => ["Amélie Laurent", "Jonas Brandt", "Priya Raman"],
            Self::Payments => ["Zoë Martínez", "Łukasz Nowak", "Ines Okafor"],
            Self::Fulfilment => ["Tomás Ferreira", "Hanna Grönroos", "Deniz Yıldız"],
            Self::Platform => ["Øyvind Dahl", "Mei-Ling Zhou", "Samuel Adeyemi"],
        }
    }

    /// The prefix of its tickets.
    pub(crate) const fn tickets(self) -> &'static str {
        match self {
            Self::Storefront => "WEB",
            Self::Payments => "PAY",
            Self::Fulfilment => "FUL",
            Self::Platform => "PLAT",
        }
    }
}

/// Where a service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Stage {
    Production,
    Staging,
}

impl Stage {
    /// The value of the tag `env`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Staging => "staging",
        }
    }
}

/// A service: in Datadog the tag `service`, in Sentry the project's slug.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) team: Team,
    /// Sentry's word for the language that it is written in.
    pub(crate) platform: &'static str,
    /// The project's number in Sentry.
    pub(crate) project: u64,
}

pub(crate) static STOREFRONT_WEB: Service = service("storefront-web", Team::Storefront, "javascript", 4_508_811_201);
pub(crate) static SEARCH: Service = service("search", Team::Storefront, "java", 4_508_811_202);
pub(crate) static CATALOG: Service = service("catalog", Team::Storefront, "python", 4_508_811_203);
pub(crate) static CHECKOUT: Service = service("checkout", Team::Payments, "java", 4_508_811_211);
pub(crate) static PAYMENTS: Service = service("payments", Team::Payments, "go", 4_508_811_212);
pub(crate) static LEDGER: Service = service("ledger", Team::Payments, "java", 4_508_811_213);
pub(crate) static INVENTORY: Service = service("inventory", Team::Fulfilment, "java", 4_508_811_221);
pub(crate) static SHIPPING: Service = service("shipping", Team::Fulfilment, "python", 4_508_811_222);
pub(crate) static NOTIFICATIONS: Service = service("notifications", Team::Fulfilment, "python", 4_508_811_223);
pub(crate) static EDGE_GATEWAY: Service = service("edge-gateway", Team::Platform, "go", 4_508_811_231);
pub(crate) static IDENTITY: Service = service("identity", Team::Platform, "go", 4_508_811_232);
pub(crate) static EVENT_BUS: Service = service("event-bus", Team::Platform, "other", 4_508_811_233);

const fn service(name: &'static str, team: Team, platform: &'static str, project: u64) -> Service {
    Service { name, team, platform, project }
}

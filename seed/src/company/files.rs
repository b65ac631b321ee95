//! Parses the files of `seed/data`, which are compiled into the program.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use super::{error::DataError, phrases::Phrases, scenario::ScenarioEntry, service::Service, team::Team};

/// The files of `seed/data`, parsed. What they say of each other are still names.
#[derive(Debug)]
pub struct Files {
    pub teams: BTreeMap<String, Team>,
    pub services: BTreeMap<String, Service>,
    pub phrases: Phrases,
    pub major: Vec<ScenarioEntry>,
    pub partial: Vec<ScenarioEntry>,
    pub minor: Vec<ScenarioEntry>,
    pub noise: Vec<ScenarioEntry>,
    pub staging: Vec<ScenarioEntry>,
}

impl Files {
    pub fn parse() -> Result<Self, DataError> {
        let services = SERVICES.iter().map(|file| {
            let name = file.stem().to_owned();
            Ok((name.clone(), Service { name, ..file.parse()? }))
        });
        Ok(Self {
            teams: TEAMS.parse()?,
            services: services.collect::<Result<_, _>>()?,
            phrases: PHRASES.parse()?,
            major: MAJOR.parse()?,
            partial: PARTIAL.parse()?,
            minor: MINOR.parse()?,
            noise: NOISE.parse()?,
            staging: STAGING.parse()?,
        })
    }
}

struct File {
    path: &'static str,
    text: &'static str,
}

impl File {
    fn parse<Content: DeserializeOwned>(&self) -> Result<Content, DataError> {
        serde_norway::from_str(self.text)
            .map_err(|error| DataError::Unreadable { path: self.path, reason: error.to_string() })
    }

    /// The name without folder and ending.
    fn stem(&self) -> &'static str {
        let name = self.path.rsplit_once('/').map_or(self.path, |(_, name)| name);
        name.strip_suffix(".yaml").unwrap_or(name)
    }
}

macro_rules! file {
    ($path:literal) => {
        File { path: $path, text: include_str!(concat!("../../data/", $path)) }
    };
}

const TEAMS: File = file!("teams.yaml");
const PHRASES: File = file!("phrases.yaml");
const MAJOR: File = file!("outages/major.yaml");
const PARTIAL: File = file!("outages/partial.yaml");
const MINOR: File = file!("outages/minor.yaml");
const NOISE: File = file!("outages/noise.yaml");
const STAGING: File = file!("outages/staging.yaml");
const SERVICES: [File; 12] = [
    file!("services/catalog.yaml"),
    file!("services/checkout.yaml"),
    file!("services/edge-gateway.yaml"),
    file!("services/event-bus.yaml"),
    file!("services/identity.yaml"),
    file!("services/inventory.yaml"),
    file!("services/ledger.yaml"),
    file!("services/notifications.yaml"),
    file!("services/payments.yaml"),
    file!("services/search.yaml"),
    file!("services/shipping.yaml"),
    file!("services/storefront-web.yaml"),
];

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_file_parses() {
        Files::parse().unwrap();
    }

    #[test]
    fn every_file_of_the_folder_is_read() {
        let files = [&TEAMS, &PHRASES, &MAJOR, &PARTIAL, &MINOR, &NOISE, &STAGING];
        let read: BTreeSet<_> = files.into_iter().chain(&SERVICES).map(|file| file.path.to_owned()).collect();
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
        let mut present = BTreeSet::new();
        for folder in ["", "services", "outages"] {
            for entry in fs::read_dir(data.join(folder)).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    present.insert(path.strip_prefix(&data).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        assert_eq!(read, present);
    }

    #[test]
    fn a_key_that_nobody_reads_is_an_error() {
        let file = File { path: "teams.yaml", text: "web: { tickets: WEB, people: [], colour: red }" };
        let error = file.parse::<BTreeMap<String, Team>>().unwrap_err();
        assert!(error.to_string().contains("unknown field `colour`"), "{error}");
    }
}

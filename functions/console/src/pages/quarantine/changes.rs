//! What responders do with entries of the quarantine: redrive and delete, one or many.

use std::{collections::BTreeSet, time::Duration};

use futures::{StreamExt, stream};
use lambda_http::http::StatusCode;
use shared::{
    domain::id::EntryId,
    http::{Response, lists, problem::Problem},
    service::{
        delete_quarantine_entry::DeleteQuarantineEntryError,
        redrive_quarantine::{RedriveRequest, RedrivenEntries},
        redrive_quarantine_entry::RedriveQuarantineEntryError,
    },
};

use super::{ADDRESS, AFTER, address, capitalised, entry, shortened, unknown};
use crate::{Function, flash::Flash, link::Link, parts::numbers::grouped, visit::Visit};

/// How many entries may be chosen: as many as a page may have.
const MAX_CHOSEN: usize = 200;

/// How many entries are worked on side by side.
const PARALLEL: usize = 16;

/// Time to tell what came of it.
const ANSWER_TIME: Duration = Duration::from_millis(500);

/// Without so much time, the next part of a long redrive is left to the next request.
const MIN_PART_TIME: Duration = Duration::from_secs(1);

/// How many reasons are told.
const MAX_REASONS: usize = 3;

/// What to do with entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Redrive,
    Delete,
}

/// What came of many entries.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    done: u64,
    refused: u64,
    reasons: BTreeSet<String>,
}

impl Tally {
    fn refuse(&mut self, reason: String) {
        self.refused += 1;
        self.reasons.insert(reason);
    }

    fn add(&mut self, part: RedrivenEntries) {
        self.done += part.redriven;
        part.refused.into_iter().for_each(|entry| self.refuse(entry.reason));
    }

    /// What people are told.
    fn flash(&self, change: Change) -> Flash {
        let done = match change {
            Change::Redrive => format!("{} redriven.", entries(self.done)),
            Change::Delete => format!("{} deleted.", entries(self.done)),
        };
        if self.refused == 0 {
            return Flash::done(done);
        }
        let reasons: Vec<String> = self.reasons.iter().take(MAX_REASONS).map(|reason| shortened(reason, 140)).collect();
        let more = if self.reasons.len() > MAX_REASONS { " And other reasons." } else { "" };
        let stay = if self.refused == 1 { "stays as it is" } else { "stay as they are" };
        Flash::failed(format!("{done} {} {stay}: {}{more}", entries(self.refused), reasons.join(" ")))
    }
}

fn entries(count: u64) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{} entries", grouped(count)) }
}

/// Redrives one entry.
///
/// # Errors
/// A [`Problem`] if the person may not, there is no entry, or it cannot be written.
pub async fn redrive(console: &Function, visit: &Visit, id: EntryId) -> Result<Response, Problem> {
    visit.check_responder()?;
    match console.redrive_quarantine_entry.redrive(id, &visit.person.name, visit.now, visit.deadline).await {
        Ok(_) => Ok(visit.tell(&Flash::done("It is on its way. Its state tells when it took effect."), &address(id))),
        Err(RedriveQuarantineEntryError::NotFound) => Err(unknown()),
        Err(RedriveQuarantineEntryError::Impossible(reason)) => {
            let refusal = format!("It was not redriven, because it would fail again. {reason}");
            entry::page(console, visit, id, StatusCode::UNPROCESSABLE_ENTITY, Some(&refusal)).await
        }
        Err(RedriveQuarantineEntryError::Done(done)) => {
            let refusal = format!("It was not redriven: {done}.");
            entry::page(console, visit, id, StatusCode::CONFLICT, Some(&refusal)).await
        }
        Err(error) => Err(Problem::unavailable(&error)),
    }
}

/// Deletes one entry.
///
/// # Errors
/// A [`Problem`] if the person may not, there is no entry, or it cannot be written.
pub async fn delete(console: &Function, visit: &Visit, id: EntryId) -> Result<Response, Problem> {
    visit.check_responder()?;
    match console.delete_quarantine_entry.delete(id, &visit.person.name, visit.now, visit.deadline).await {
        Ok(()) => {
            console.gauge.changed(&[], &[id], visit.now, visit.deadline).await;
            Ok(visit.tell(&Flash::done("The entry is deleted."), ADDRESS))
        }
        Err(DeleteQuarantineEntryError::NotFound) => Err(unknown()),
        Err(DeleteQuarantineEntryError::Done(done)) => {
            let refusal = format!("It was not deleted: {done}.");
            entry::page(console, visit, id, StatusCode::CONFLICT, Some(&refusal)).await
        }
        Err(error) => Err(Problem::unavailable(&error)),
    }
}

/// Redrives or deletes the entries that were chosen.
///
/// # Errors
/// A [`Problem`] if the person may not, or the form is wrong.
pub async fn change(console: &Function, visit: &Visit) -> Result<Response, Problem> {
    visit.check_responder()?;
    let change = match visit.form.text("change") {
        "redrive" => Change::Redrive,
        "delete" => Change::Delete,
        _ => return Err(Problem::invalid("change", "must be redrive or delete")),
    };
    let chosen: BTreeSet<EntryId> = visit.form.all("entry").map(read_id).collect::<Result<_, _>>()?;
    if chosen.len() > MAX_CHOSEN {
        return Err(Problem::invalid("entry", format!("must be given at most {MAX_CHOSEN} times")));
    }
    let back = visit.form.back(ADDRESS);
    if chosen.is_empty() {
        return Ok(visit.tell(&Flash::failed("Choose entries first."), back));
    }
    let deadline = visit.deadline.leaving(ANSWER_TIME);
    let (mut tally, mut open, mut gone) = (Tally::default(), chosen.len(), Vec::new());
    let work = chosen.into_iter().map(async |id| (id, one(console, visit, change, id).await));
    let mut work = stream::iter(work).buffer_unordered(PARALLEL);
    while let Ok(Some((id, result))) = deadline.bound(work.next()).await {
        open -= 1;
        match result {
            Ok(()) => {
                tally.done += 1;
                gone.push(id);
            }
            Err(reason) => tally.refuse(reason),
        }
    }
    for _ in 0..open {
        tally.refuse("Time ran out. Try again.".to_owned());
    }
    if change == Change::Delete && !gone.is_empty() {
        console.gauge.changed(&[], &gone, visit.now, visit.deadline).await;
    }
    Ok(visit.tell(&tally.flash(change), back))
}

fn read_id(text: &str) -> Result<EntryId, Problem> {
    text.parse().map_err(|_| Problem::invalid("entry", "must be the id of an entry"))
}

/// Changes an entry, or says why not.
async fn one(console: &Function, visit: &Visit, change: Change, id: EntryId) -> Result<(), String> {
    let (actor, now, deadline) = (visit.person.name.as_str(), visit.now, visit.deadline);
    match change {
        Change::Redrive => match console.redrive_quarantine_entry.redrive(id, actor, now, deadline).await {
            Ok(_) => Ok(()),
            Err(RedriveQuarantineEntryError::NotFound) => Err("It is gone.".to_owned()),
            Err(RedriveQuarantineEntryError::Impossible(reason)) => Err(reason),
            Err(RedriveQuarantineEntryError::Done(done)) => Err(sentence(&done.to_string())),
            Err(_) => Err("It cannot be written now. Try again.".to_owned()),
        },
        Change::Delete => match console.delete_quarantine_entry.delete(id, actor, now, deadline).await {
            Ok(()) => Ok(()),
            Err(DeleteQuarantineEntryError::NotFound) => Err("It is gone.".to_owned()),
            Err(DeleteQuarantineEntryError::Done(done)) => Err(sentence(&done.to_string())),
            Err(DeleteQuarantineEntryError::Unavailable(_)) => Err("It cannot be written now. Try again.".to_owned()),
        },
    }
}

fn sentence(text: &str) -> String {
    format!("{}.", capitalised(text))
}

/// Redrives all entries of a kind, oldest first. What one request has no time for, the next one goes on with.
///
/// # Errors
/// A [`Problem`] if the person may not, the form is wrong, or none can be redriven.
pub async fn redrive_all(console: &Function, visit: &Visit) -> Result<Response, Problem> {
    visit.check_responder()?;
    let fields = ["kind", "source"].map(|name| (name, visit.form.text(name)));
    let given = fields.into_iter().filter(|(_, value)| !value.is_empty());
    let query = given.fold(Link::to("/"), |link, (name, value)| link.and(name, value));
    let request = lists::redrive_of(&query.with("limit", MAX_CHOSEN).query())?.request;
    let after = Some(visit.form.text(AFTER)).filter(|after| !after.is_empty());
    let after = after.map(|after| after.parse().map_err(|_| Problem::invalid(AFTER, "must be the id of an entry")));
    let mut request = RedriveRequest { after: after.transpose()?, ..request };
    let mut tally = Tally::default();
    let rest = loop {
        match console.redrive_quarantine.redrive(&request, &visit.person.name, visit.now, visit.deadline).await {
            Ok(part) => {
                let last = part.last;
                tally.add(part);
                let Some(last) = last else { break None };
                request.after = Some(last);
                if visit.deadline.remaining() < MIN_PART_TIME {
                    break Some(last);
                }
            }
            // What was redriven is told. Nothing else is known of the others.
            Err(_) if tally != Tally::default() => break request.after,
            Err(error) => return Err(Problem::unavailable(&error)),
        }
    };
    let (path, query) = visit.form.back(ADDRESS).split_once('?').unwrap_or((visit.form.back(ADDRESS), ""));
    let back = Link::read(path, query).without(AFTER);
    let Some(rest) = rest else { return Ok(visit.tell(&tally.flash(Change::Redrive), &back.to_string())) };
    let mut flash = tally.flash(Change::Redrive);
    flash.text.insert_str(0, "There are others that this request had no time for: go on with them. ");
    Ok(visit.tell(&flash, &back.with(AFTER, rest).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_is_told_with_each_reason_once() {
        let mut tally = Tally { done: 1200, ..Tally::default() };
        assert_eq!(tally.flash(Change::Redrive), Flash::done("1,200 entries redriven."));
        for reason in ["It is gone.", "It is gone.", "It cannot be read."] {
            tally.refuse(reason.to_owned());
        }
        let expected = "1,200 entries deleted. 3 entries stay as they are: It cannot be read. It is gone.";
        assert_eq!(tally.flash(Change::Delete), Flash::failed(expected));
        for reason in ["a.", "b.", "c."] {
            tally.refuse(reason.to_owned());
        }
        assert!(tally.flash(Change::Delete).text.ends_with(" And other reasons."));
    }

    #[test]
    fn a_reason_is_a_sentence() {
        assert_eq!(sentence("the entry is deleted already"), "The entry is deleted already.");
    }
}

//! The table of pages, and what comes before each: the session, and the proof of a form.

use std::pin::Pin;

use lambda_http::http::{Method, StatusCode};
use shared::{
    deadline::Deadline,
    domain::{
        id::{AlertId, EntryId, IncidentId},
        principal::Principal,
        time::Time,
    },
    http::{Request, Response, problem::Problem},
    sources::signature::Secret,
};
use tracing::error;

use crate::{
    Function, answer,
    arrival::Arrival,
    assets, cookies,
    cookies::Cookie,
    flash::{self, Flash},
    form::{Form, own_page},
    link::Link,
    pages,
    session::{self, Holder, Session},
    visit::{Theme, Visit},
};

/// The first page that people see: what needs them.
pub const START: &str = "/console/incidents?status=OPEN,INVESTIGATING";

/// The address that people remember.
const HOME: &str = "/console";

/// The cookie of the colours.
const THEME: &str = "incident-review-theme";

const THEME_SECONDS: i64 = 365 * 24 * 60 * 60;

/// Answers a request.
pub async fn serve(console: &Function, request: &Request, now: Time, deadline: Deadline) -> Response {
    let arrival = Arrival::of(request, console.public_url.as_deref());
    let is_local = arrival.reach == cookies::Reach::Local;
    let mut response = answer(console, request, arrival, now, deadline).await;
    let is_refused = request.method() == Method::POST && response.status() != StatusCode::SEE_OTHER;
    if is_refused && let Some(page) = page_of_form(request.uri().path()) {
        answer::set_address(&mut response, Form::of(request).back(&page));
    }
    answer::finished(response, request, is_local)
}

/// The page that a form belongs to, if forms alone are sent to the address.
fn page_of_form(path: &str) -> Option<String> {
    let segments: Vec<&str> = path.strip_prefix("/console/")?.split('/').collect();
    match segments.as_slice() {
        ["incidents", "status" | "merge"] => Some(pages::incidents::ADDRESS.to_owned()),
        ["quarantine", "change" | "redrive"] => Some(pages::quarantine::ADDRESS.to_owned()),
        ["sign-out" | "theme"] => Some(START.to_owned()),
        ["incidents", id, "status" | "comments" | "assignee" | "split"] => Some(format!("/console/incidents/{id}")),
        ["alerts", id, "resolve"] => Some(format!("/console/alerts/{id}")),
        ["quarantine", id, "redrive" | "delete"] => Some(format!("/console/quarantine/{id}")),
        _ => None,
    }
}

/// The address without slashes at its end, if it has some: people write them.
fn without_slash(request: &Request) -> Option<String> {
    let (path, query) = (request.uri().path(), request.uri().query());
    let plain = path.strip_suffix('/').map(|path| path.trim_end_matches('/')).and_then(own_page)?;
    Some(query.map_or_else(|| plain.to_owned(), |query| format!("{plain}?{query}")))
}

async fn answer(console: &Function, request: &Request, arrival: Arrival, now: Time, deadline: Deadline) -> Response {
    let path = request.uri().path();
    if path == "/" {
        return answer::redirect(HOME);
    }
    if request.method() == Method::GET
        && let Some(page) = without_slash(request).or_else(|| page_of_form(path))
    {
        return answer::redirect(&page);
    }
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').skip(1).collect();
    match (request.method(), segments.as_slice()) {
        (_, ["assets", ..]) => return assets::find(path).map_or_else(pages::refusal::of_nobody, answer::file),
        (&Method::GET, ["sign-in"]) => return pages::sign_in::show(console, request, &arrival),
        (&Method::GET, ["sign-in", "provider"]) => {
            return pages::provider::begin(console, request, &arrival, now).await;
        }
        (&Method::GET, ["sign-in", "callback"]) => {
            return later(|| pages::provider::end(console, request, &arrival, now)).await;
        }
        (&Method::POST, ["sign-in"]) => return later(|| pages::sign_in::submit(console, request, &arrival, now)).await,
        _ => {}
    }
    let Some(key) = console.sign_in.session_key(now).await else {
        return pages::sign_in::without_key();
    };
    let Some((session, person)) = signed_in(console, request, &arrival, &key, now).await else {
        return pages::sign_in::ask(request, &arrival, page_of_form(path).as_deref());
    };
    let cookies_of = |name| cookies::sent(request.headers(), arrival.reach, name);
    let is_change = request.method() == Method::POST;
    let form = Form::of(request);
    let link = match page_of_form(path) {
        Some(page) => {
            let (path, query) = form.back(&page).split_once('?').unwrap_or((form.back(&page), ""));
            Link::read(path, query)
        }
        None => Link::read(path, request.uri().query().unwrap_or_default()),
    };
    let visit = Visit {
        person,
        link,
        is_change,
        source_address: console.edge.source_address_of(request),
        form,
        now,
        deadline,
        theme: cookies_of(THEME).find_map(|theme| theme.parse().ok()).unwrap_or_default(),
        flash: cookies_of(flash::COOKIE).find_map(|value| Flash::open(value, &key)),
        proof: session.proof(&key),
        arrival: arrival.clone(),
        key,
    };
    let answered = if is_change && !is_proven(&session, &visit) {
        Err(Problem::forbidden("The form is not of this session. Go back, load the page again, and repeat it."))
    } else {
        let answering = Box::pin(page(console, &visit, request.method(), &segments));
        deadline.bound(answering).await.unwrap_or_else(|late| Err(Problem::unavailable(&late)))
    };
    let answer = answered.unwrap_or_else(|problem| {
        if let Some(cause) = problem.cause() {
            error!(cause, status = problem.status().as_u16(), "request failed");
        }
        pages::refusal::show(&visit, &problem)
    });
    if visit.flash.is_some() && answer.status() == StatusCode::OK {
        return answer::with_cookie(answer, &Cookie::deleted(visit.arrival.reach, flash::COOKIE));
    }
    answer
}

/// The pages.
async fn page(console: &Function, visit: &Visit, method: &Method, path: &[&str]) -> Result<Response, Problem> {
    match (method.as_str(), path) {
        ("GET", []) => Ok(answer::redirect(START)),
        ("GET", ["incidents"]) => later(|| pages::incidents::show(console, visit)).await,
        ("POST", ["incidents", "status"]) => later(|| pages::incidents::change_status(console, visit)).await,
        ("POST", ["incidents", "merge"]) => later(|| pages::incidents::merge(console, visit)).await,
        ("GET", ["incidents", id]) => {
            let id = incident(id)?;
            later(|| pages::incident::show(console, visit, id)).await
        }
        ("GET", ["incidents", id, "report"]) => {
            let id = incident(id)?;
            later(|| pages::report::show(console, visit, id)).await
        }
        ("POST", ["incidents", id, "status"]) => {
            let id = incident(id)?;
            later(|| pages::incident::change_status(console, visit, id)).await
        }
        ("POST", ["incidents", id, "comments"]) => {
            let id = incident(id)?;
            later(|| pages::incident::comment(console, visit, id)).await
        }
        ("POST", ["incidents", id, "assignee"]) => {
            let id = incident(id)?;
            later(|| pages::incident::assign(console, visit, id)).await
        }
        ("POST", ["incidents", id, "split"]) => {
            let id = incident(id)?;
            later(|| pages::incident::split(console, visit, id)).await
        }
        ("GET", ["alerts"]) => later(|| pages::alerts::show(console, visit)).await,
        ("GET", ["alerts", id]) => {
            let id = alert(id)?;
            later(|| pages::alert::show(console, visit, id)).await
        }
        ("GET", ["alerts", id, "payload"]) => {
            let id = alert(id)?;
            later(|| pages::alert::show_payload(console, visit, id)).await
        }
        ("POST", ["alerts", id, "resolve"]) => {
            let id = alert(id)?;
            later(|| pages::alert::resolve(console, visit, id)).await
        }
        ("GET", ["insights"]) => later(|| pages::insights::show(console, visit)).await,
        ("GET", ["quarantine"]) => later(|| pages::quarantine::show(console, visit)).await,
        ("POST", ["quarantine", "change"]) => later(|| pages::quarantine::change(console, visit)).await,
        ("POST", ["quarantine", "redrive"]) => later(|| pages::quarantine::redrive_all(console, visit)).await,
        ("GET", ["quarantine", id]) => {
            let id = entry(id)?;
            later(|| pages::quarantine::show_entry(console, visit, id)).await
        }
        ("GET", ["quarantine", id, "body"]) => {
            let id = entry(id)?;
            later(|| pages::quarantine::show_body(console, visit, id)).await
        }
        ("POST", ["quarantine", id, "redrive"]) => {
            let id = entry(id)?;
            later(|| pages::quarantine::redrive(console, visit, id)).await
        }
        ("POST", ["quarantine", id, "delete"]) => {
            let id = entry(id)?;
            later(|| pages::quarantine::delete(console, visit, id)).await
        }
        ("GET", ["help"]) => Ok(pages::help::show(visit)),
        ("POST", ["sign-out"]) => Ok(pages::sign_in::sign_out(visit)),
        ("POST", ["theme"]) => Ok(theme(visit)),
        _ => Err(Problem::not_found("The console has no such page.")),
    }
}

/// A future in a box. It is made in a frame of its own: without optimisation, the frame of the table would have room for
/// the futures of all pages, and overflow the stack.
fn later<F: Future>(make: impl FnOnce() -> F) -> Pin<Box<F>> {
    Box::pin(make())
}

fn incident(id: &str) -> Result<IncidentId, Problem> {
    id.parse().map_err(|_| pages::incident::unknown())
}

fn alert(id: &str) -> Result<AlertId, Problem> {
    id.parse().map_err(|_| pages::alert::unknown())
}

fn entry(id: &str) -> Result<EntryId, Problem> {
    id.parse().map_err(|_| pages::quarantine::unknown())
}

/// The session of a request and its person, if both count.
async fn signed_in(
    console: &Function,
    request: &Request,
    arrival: &Arrival,
    key: &Secret,
    now: Time,
) -> Option<(Session, Principal)> {
    let mut sessions = cookies::sent(request.headers(), arrival.reach, session::COOKIE);
    let session = sessions.find_map(|cookie| Session::open(cookie, key, now))?;
    let person = match &session.holder {
        Holder::Token { fingerprint } => console.sign_in.by_fingerprint(fingerprint, now).await?,
        Holder::Person { name, role, provider } => {
            console.sign_in.provider().filter(|known| known.name() == *provider)?;
            Principal { name: name.clone(), role: *role }
        }
    };
    Some((session, person))
}

/// Whether a page of this session sent the form.
fn is_proven(session: &Session, visit: &Visit) -> bool {
    !visit.arrival.is_foreign && session.is_proven(visit.form.text("proof"), &visit.key)
}

/// Remembers the colours that a person prefers.
fn theme(visit: &Visit) -> Response {
    let theme: Theme = visit.form.text("theme").parse().unwrap_or_default();
    let cookie = Cookie { reach: visit.arrival.reach, name: THEME, value: theme.to_string(), seconds: THEME_SECONDS };
    answer::with_cookie(answer::redirect(visit.form.back(START)), &cookie)
}

#[cfg(test)]
mod tests {
    use lambda_http::{Body, http};

    use super::*;

    #[test]
    fn each_address_of_a_form_belongs_to_a_page() {
        for (form, page) in [
            ("incidents/status", "incidents"),
            ("incidents/merge", "incidents"),
            ("incidents/1/status", "incidents/1"),
            ("incidents/1/split", "incidents/1"),
            ("alerts/2/resolve", "alerts/2"),
            ("quarantine/redrive", "quarantine"),
            ("quarantine/3/delete", "quarantine/3"),
        ] {
            assert_eq!(page_of_form(&format!("/console/{form}")).as_deref(), Some(&*format!("/console/{page}")));
            assert_eq!(page_of_form(&format!("/console/{page}")), None);
        }
    }

    #[test]
    fn a_slash_at_the_end_leads_to_no_other_site() {
        let plain = |uri: &str| without_slash(&http::Request::builder().uri(uri).body(Body::Empty).unwrap());
        assert_eq!(plain("/console/").as_deref(), Some("/console"));
        assert_eq!(plain("/console/help//?a=b/").as_deref(), Some("/console/help?a=b/"));
        for none in ["/console", "/console/help", "//evil.example/", "/other/"] {
            assert_eq!(plain(none), None, "{none}");
        }
    }
}

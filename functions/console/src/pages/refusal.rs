//! Pages about requests that were refused or failed.

use lambda_http::http::StatusCode;
use maud::{Markup, html};
use shared::http::{Response, problem::Problem};

use super::layout::{self, Head};
use crate::{
    answer,
    parts::{forms, icons::icon},
    routes::START,
    visit::Visit,
};

/// The page of a problem, for a person who signed in.
#[must_use]
pub fn show(visit: &Visit, problem: &Problem) -> Response {
    let head = Head { title: problem.title(), section: None };
    answer::page(problem.status(), layout::page(visit, head, &body(visit, problem)))
}

/// The page of an address that nobody has, for those who did not sign in.
#[must_use]
pub fn of_nobody() -> Response {
    let content = html! {
        section.card { h1 { "Not found" } p { "There is nothing at this address." } p { a href=(START) { "Incidents" } } }
    };
    answer::page(StatusCode::NOT_FOUND, layout::bare("Not found", &content))
}

fn body(visit: &Visit, problem: &Problem) -> Markup {
    let is_ours = problem.status().is_server_error();
    html! {
        section.empty {
            (icon(if is_ours { "warning" } else { "closed" }))
            h1 { (problem.title()) }
            p { (problem.detail()) }
            @if !problem.errors().is_empty() {
                ul { @for error in problem.errors() { li { code { (error.parameter) } " " (error.message) } } }
            }
            (forms::written(&visit.form))
            p {
                @if visit.is_change { a.button href=(visit.link) { "Go back" } " " }
                @else if is_ours { a.button href=(visit.link) { "Try again" } " " }
                @else if visit.link.parameters().next().is_some() {
                    a.button href=(visit.link.path()) { "Clear the filters" } " "
                }
                a.button href=(START) { "Go to incidents" }
            }
        }
    }
}

//! The console in a real browser, as its users meet it.

mod hostile;
mod keyboard;
mod lists;
mod no_script;
mod pages;
mod quarantine;
mod roles;
mod sign_in;
mod work;

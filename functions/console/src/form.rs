//! The fields of a form that was sent.

use shared::http::{Request, body::MAX_COMMENT_CHARS, problem::Problem};

/// Fields, in the order of the form.
#[derive(Debug, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// Reads the body of a request.
    #[must_use]
    pub fn of(request: &Request) -> Self {
        Self(form_urlencoded::parse(request.body().as_ref()).into_owned().collect())
    }

    /// The first value of a field, without spaces around it. Empty if the form has no such field.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    /// All values of a field.
    pub fn all<'form>(&'form self, name: &'form str) -> impl Iterator<Item = &'form str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// The comment, if there is one.
    ///
    /// # Errors
    /// A 400 [`Problem`] if it is too long.
    pub fn comment(&self) -> Result<Option<String>, Problem> {
        self.text_of("comment")
    }

    /// What a person wrote into a field, if anything.
    ///
    /// # Errors
    /// A 400 [`Problem`] if it is longer than a comment may be.
    pub fn text_of(&self, field: &str) -> Result<Option<String>, Problem> {
        // Browsers send two characters for an end of line, and count it as one.
        let text = self.text(field).replace("\r\n", "\n");
        if text.chars().count() > MAX_COMMENT_CHARS {
            return Err(Problem::invalid(field, format!("must have at most {MAX_COMMENT_CHARS} characters")));
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// What a person wrote at length, to give it back if it cannot be kept.
    pub fn written(&self) -> impl Iterator<Item = &str> {
        ["comment", "reason"].into_iter().map(|name| self.text(name)).filter(|text| !text.is_empty())
    }

    /// Where to go afterwards: a page of the console, or else the default.
    #[must_use]
    pub fn back<'form>(&'form self, default: &'form str) -> &'form str {
        own_page(self.text("back")).unwrap_or(default)
    }
}

/// The address of a page of the console. Nobody may send people elsewhere with it.
#[must_use]
pub fn own_page(address: &str) -> Option<&str> {
    let rest = address.strip_prefix("/console")?;
    let is_ours = rest.is_empty() || rest.starts_with(['/', '?']);
    let is_plain = address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    (is_ours && is_plain).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_of_line_is_one_character() {
        let form = Form(vec![("comment".to_owned(), "a\r\n".repeat(MAX_COMMENT_CHARS / 2))]);
        assert_eq!(form.comment().unwrap().unwrap(), "a\n".repeat(MAX_COMMENT_CHARS / 2).trim_end());
        let form = Form(vec![("comment".to_owned(), "a".repeat(MAX_COMMENT_CHARS + 1))]);
        assert!(form.comment().is_err());
    }

    #[test]
    fn only_pages_of_the_console_are_gone_back_to() {
        for own in ["/console", "/console/incidents?status=OPEN", "/console?x"] {
            assert_eq!(own_page(own), Some(own));
        }
        for other in [
            "",
            "/",
            "/consolex",
            "//evil.example",
            "https://evil.example/console",
            "/console/\\evil",
            "/console/\nset-cookie: a",
            "console",
        ] {
            assert_eq!(own_page(other), None, "{other}");
        }
    }
}

//! Writes the pictures of the README to `docs/images`.

#[tokio::main]
async fn main() {
    browser::write_for_readme().await;
}

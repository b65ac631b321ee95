//! The directory in which tables are kept across restarts.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use serde_json::Value as Json;

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// It cannot be used.
    #[error("cannot use the data directory {}: {source}", path.display())]
    Refused {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process uses it.
    #[error("the data directory {} is in use by another local stack", .0.display())]
    InUse(PathBuf),
    /// The tables in it are not those of the template.
    #[error("the tables in {} were made from another template.yaml; remove the directory, or choose another", .0.display())]
    OtherTables(PathBuf),
}

/// Makes a directory if there is none, and takes it for this process alone, for as long as the file is open.
///
/// # Errors
/// When it cannot be written to, or another process has it.
pub fn lock(directory: &Path) -> Result<File, DirectoryError> {
    let refused = |source| DirectoryError::Refused { path: directory.to_owned(), source };
    fs::create_dir_all(directory).map_err(refused)?;
    let file = File::create(directory.join("lock")).map_err(refused)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(DirectoryError::InUse(directory.to_owned())),
        Err(TryLockError::Error(source)) => Err(refused(source)),
    }
}

/// Fails if the tables in a directory are not those of the template. Nothing here changes an existing table.
///
/// # Errors
/// When they differ, or the directory cannot be used.
pub fn agree(directory: &Path, declared: &Json) -> Result<(), DirectoryError> {
    let refused = |source| DirectoryError::Refused { path: directory.to_owned(), source };
    let path = directory.join("tables.json");
    match fs::read(&path) {
        Ok(made) if serde_json::from_slice(&made).is_ok_and(|made: Json| made == *declared) => Ok(()),
        Ok(_) => Err(DirectoryError::OtherTables(directory.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::write(&path, format!("{declared:#}\n")).map_err(refused)
        }
        Err(error) => Err(refused(error)),
    }
}

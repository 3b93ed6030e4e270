//! People of the company directory.

use super::{Custom, is_default};
use crate::BlobRef;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A user of the organisation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[non_exhaustive]
pub struct User {
    /// The directory's stable id.
    #[serde(skip_serializing_if = "is_default")]
    pub uid: Option<String>,
    /// Whether the account may sign in.
    #[serde(skip_serializing_if = "is_default")]
    pub enabled: Option<bool>,
    /// The name, in parts and in full.
    #[serde(skip_serializing_if = "is_default")]
    pub name: super::Name,
    /// Addresses, the primary one first.
    #[serde(skip_serializing_if = "is_default")]
    pub emails: Vec<super::EmailAddress>,
    /// Telephone numbers.
    #[serde(skip_serializing_if = "is_default")]
    pub phones: Vec<super::Phone>,
    /// The name with which the user signs in.
    #[serde(skip_serializing_if = "is_default")]
    pub login: Option<String>,
    /// Job title.
    #[serde(skip_serializing_if = "is_default")]
    pub title: Option<String>,
    /// Department.
    #[serde(skip_serializing_if = "is_default")]
    pub department: Option<String>,
    /// The uid of the user's superior.
    #[serde(skip_serializing_if = "is_default")]
    pub manager: Option<String>,
    /// Groups, by name.
    #[serde(skip_serializing_if = "is_default")]
    pub groups: BTreeSet<String>,
    /// The picture.
    #[serde(skip_serializing_if = "is_default")]
    pub photo: Option<BlobRef>,
    /// Fields of the organisation's own making, by name.
    #[serde(skip_serializing_if = "is_default")]
    pub custom: Custom,
}

//! The token for remotes of GitHub, handed to git by a credential helper.

/// The forge's token, for remotes below the forge's address alone.
pub struct ForgeCredentials {
    /// Such as `https://github.com`.
    pub server: String,
    pub token: String,
    /// Settings that git is given by variables already; ours come after them.
    pub settings_before: usize,
}

impl ForgeCredentials {
    /// Settings by which git asks a helper of ours, which takes the token out of the variable `XTASK_FORGE_TOKEN`. The first,
    /// empty one drops the helpers of the user, who would be asked before ours.
    pub(crate) fn helper_settings(&self) -> [(String, String); 2] {
        let helper = "!f() { test \"$1\" = get && printf 'username=x-access-token\\npassword=%s\\n' \"$XTASK_FORGE_TOKEN\"; }; f";
        ["", helper].map(|value| {
            (
                format!("credential.{}.helper", self.server),
                value.to_owned(),
            )
        })
    }
}

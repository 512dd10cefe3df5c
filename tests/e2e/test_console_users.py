"""The console in a browser: users and their credentials, and that what has ended is refused."""
import principals
from console_site import Asked, run_scenarios


class WithKeys(Asked):
    def password(self, user, text):
        self.secret(text)
        self.site.ctl("password", "set", user, stdin=text + "\n")

    def rotate(self, label):
        principals.rotate_token(self.site, label, "--overlap", "3600")

    def key(self, user):
        return self.site.add_key(user)

    def signed(self, key, secret):
        """The status of a request that is signed with the key."""
        return principals.signed(self.site, key, secret).status


run_scenarios("users", asked=WithKeys)

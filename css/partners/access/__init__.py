"""Who may call and on what terms: keys and certificates, what is agreed with a partner, and the wall that it reads behind."""
